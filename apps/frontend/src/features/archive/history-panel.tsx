import type { CorrectableName, Correction, History } from '@instandt/api'
import { Badge, Progress, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatCount, formatDate, formatInstant } from '../../ui/format.ts'
import classes from './archive.module.css'
import { toField } from './correction-form.ts'
import { ProofPanel } from './proof-panel.tsx'

interface HistoryPanelProps {
  study: string
  history: History
  storedAt: string
  mayCorrect: boolean
}

/** What became of an inspection since it was stored, newest first. */
export function HistoryPanel({ study, history, storedAt, mayCorrect }: HistoryPanelProps) {
  const { t, i18n } = useTranslation()
  return (
    <div className={classes.history}>
      <ProofPanel study={study} proof={history.proof} mayAsk={mayCorrect} />
      <ol className={classes.entries} aria-label={t('archive.history.entries')}>
        {history.corrections.map((correction) => (
          <Entry key={correction.id} correction={correction} />
        ))}
        <li className={classes.entry}>
          <Text size="sm" fw={600}>
            {t('archive.history.stored')}
          </Text>
          <Text size="xs" c="dimmed">
            {formatInstant(storedAt, i18n.language)}
          </Text>
        </li>
      </ol>
    </div>
  )
}

const colours = { waiting: 'gray', running: 'signal', done: 'gray', failed: 'red' } as const

function Entry({ correction }: { correction: Correction }) {
  const { t, i18n } = useTranslation()
  const { state, reason, actorName, createdAt, fault, instanceCount, doneCount } = correction
  const isUnderWay = state === 'waiting' || state === 'running'
  const shown = { done: formatCount(doneCount, i18n.language), all: formatCount(instanceCount, i18n.language) }
  return (
    <li className={classes.entry} data-state={state}>
      <div className={classes.entryHead}>
        <Text size="sm" fw={600}>
          {t('archive.history.corrected')}
        </Text>
        {state === 'done' ? null : (
          <Badge variant="light" color={colours[state]}>
            {t(`archive.history.states.${state}`)}
          </Badge>
        )}
      </div>
      <Text size="xs" c="dimmed">
        {formatInstant(createdAt, i18n.language)} · {actorName}
      </Text>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        <q>{reason}</q>
      </Text>
      <Changes correction={correction} />
      {isUnderWay ? (
        <>
          <Progress
            value={instanceCount === 0 ? 0 : (100 * doneCount) / instanceCount}
            size="sm"
            aria-label={t('archive.history.progress', shown)}
          />
          <Text size="xs" c="dimmed" aria-live="polite">
            {t('archive.history.progress', shown)}
          </Text>
        </>
      ) : null}
      {state === 'done' ? (
        <Text size="xs" c="dimmed">
          {t('archive.history.done', { count: doneCount, shown: shown.done })}
        </Text>
      ) : null}
      {fault === null ? null : (
        <Text size="sm" c="red" style={{ overflowWrap: 'anywhere' }}>
          {t('archive.history.failed')} {fault}
        </Text>
      )}
    </li>
  )
}

function Changes({ correction }: { correction: Correction }) {
  const { t, i18n } = useTranslation()
  const names = Object.keys(correction.changes) as CorrectableName[]
  return (
    <dl className={classes.changes}>
      {names.map((name) => {
        const before = correction.before[name] ?? []
        return (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{t(`archive.attributes.${name}`)}</dt>
            <dd>
              {before.length > 0 ? (
                <>
                  <s className={classes.former}>
                    {before.map((value) => (
                      <span key={value}>{readable(name, value, i18n.language)}</span>
                    ))}
                  </s>
                  {' → '}
                </>
              ) : null}
              {readable(name, correction.changes[name] ?? '', i18n.language) || t('archive.history.emptied')}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

/** Dates and times as people read them; everything else as it stands there. */
function readable(name: CorrectableName, value: string, language: string): string {
  if (name === 'date' || name === 'manufacturingDate') return formatDate(value, language) ?? value
  return name === 'time' ? toField(name, value) : value
}
