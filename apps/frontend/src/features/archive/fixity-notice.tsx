import type { FixityReport } from '@instandt/api'
import { Alert, Progress } from '@mantine/core'
import { IconAlertTriangle, IconClockExclamation, IconShieldCheck, IconShieldQuestion } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { formatCount, formatInstant } from '../../ui/format.ts'
import { dueOf, stateOfFixity } from './fixity-state.ts'

const looks = {
  fault: ['red', IconAlertTriangle],
  late: ['orange', IconClockExclamation],
  empty: ['gray', IconShieldQuestion],
  uncounted: ['gray', IconShieldQuestion],
  nothing: ['gray', IconShieldQuestion],
  partly: ['gray', IconShieldQuestion],
  all: ['signal', IconShieldCheck],
} as const

/** How much of the archive was proven, and until when the next of it is read. */
export function FixityNotice({ report }: { report: FixityReport }) {
  const { t, i18n } = useTranslation()
  const { language } = i18n
  const { objectCount, provenCount, faultCount, overdueCount } = report
  const dueAt = dueOf(report)
  const state = stateOfFixity(report)
  const [color, Icon] = looks[state]
  const due = dueAt === null ? '' : formatInstant(dueAt, language)
  const all = formatCount(objectCount, language)
  const shown = provenCount === undefined ? t('common.none') : formatCount(provenCount, language)
  const proven = t('archive.fixity.provenOf', { proven: shown, all })
  const words = {
    fault: () => [
      t('archive.proof.fault', { count: faultCount, shown: formatCount(faultCount, language) }),
      t('archive.fixity.faultDetail'),
    ],
    late: () => [
      t('archive.fixity.late', { count: overdueCount, shown: formatCount(overdueCount, language) }),
      t('archive.fixity.lateDetail', { proven: shown, all, at: due }),
    ],
    empty: () => [t('archive.fixity.empty'), t('archive.fixity.emptyDetail')],
    uncounted: () => [t('archive.fixity.title'), t('archive.fixity.fineDetail', { at: due })],
    nothing: () => [t('archive.fixity.nothing'), t('archive.fixity.nothingDetail', { all, at: due })],
    partly: () => [proven, t('archive.fixity.fineDetail', { at: due })],
    all: () => [t('archive.fixity.fine', { all }), t('archive.fixity.fineDetail', { at: due })],
  }
  const [title, detail] = words[state]()
  return (
    <Alert mb="md" variant="light" color={color} icon={<Icon aria-hidden />} title={title}>
      {detail}
      {provenCount !== undefined && (state === 'partly' || state === 'late') ? (
        <Progress
          mt="xs"
          size="xs"
          value={(100 * provenCount) / objectCount}
          aria-label={t('archive.fixity.proven')}
          aria-valuetext={proven}
        />
      ) : null}
    </Alert>
  )
}
