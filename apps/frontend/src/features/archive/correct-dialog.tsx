import { type CorrectableName, correctableVrs } from '@instandt/api'
import { Button, Fieldset, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { historyQuery } from '../../api/archive-queries.ts'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatCount } from '../../ui/format.ts'
import { isReason, ReasonField } from '../../ui/reason-dialog.tsx'
import classes from './archive.module.css'
import { changesOf, correctionGroups, fieldsOf, longestOf } from './correction-form.ts'

interface CorrectDialogProps {
  study: string
  current: Record<string, string | null>
  instanceCount: number
  opened: boolean
  isNarrow: boolean
  onClose: () => void
  /** It is ordered; the history shows how it goes on. */
  onOrdered: () => void
}

/** Other values for what was wrong from the start. */
export function CorrectDialog({ opened, isNarrow, onClose, ...form }: CorrectDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('archive.correct.title')}
      size="56rem"
      fullScreen={isNarrow}
      closeButtonProps={{ 'aria-label': t('app.close') }}
      closeOnClickOutside={false}
    >
      {opened ? <CorrectForm {...form} onClose={onClose} /> : null}
    </Modal>
  )
}

function CorrectForm(props: Omit<CorrectDialogProps, 'opened' | 'isNarrow'>) {
  const { study, current, instanceCount, onClose, onOrdered } = props
  const { t, i18n } = useTranslation()
  const queries = useQueryClient()
  const [before] = useState(() => fieldsOf(current))
  const [values, setValues] = useState(before)
  const [reason, setReason] = useState('')
  const changes = changesOf(before, values)
  const count = Object.keys(changes).length
  const { isBusy, fault, submit } = useSubmit(
    () => client.correctInspection(study, { changes, reason }),
    async () => {
      await queries.invalidateQueries(historyQuery(study))
      onClose()
      onOrdered()
    },
  )
  const field = (name: CorrectableName, hasFocus: boolean) => (
    <TextInput
      key={name}
      type={fieldType(name, before[name])}
      {...(correctableVrs[name] === 'TM' ? { step: 1 } : {})}
      label={t(`archive.attributes.${name}`)}
      maxLength={longestOf(name)}
      value={values[name]}
      autoComplete="off"
      spellCheck={false}
      {...(hasFocus ? { 'data-autofocus': true } : {})}
      classNames={{ input: name in changes ? classes.changed : undefined }}
      onChange={(event) => {
        const { value } = event.currentTarget
        setValues((all) => ({ ...all, [name]: value }))
      }}
    />
  )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="md">
        <Text size="sm">
          {t('archive.correct.detail', {
            count: instanceCount,
            shown: formatCount(instanceCount, i18n.language),
          })}
        </Text>
        {(['component', 'inspection'] as const).map((group) => (
          <Fieldset key={group} legend={t(`archive.correct.${group}`)} variant="unstyled">
            <div className={classes.fields}>
              {correctionGroups[group].map((name) => field(name, name === 'componentName'))}
            </div>
          </Fieldset>
        ))}
        <ReasonField value={reason} onChange={setReason} />
        <FormFault words={fault} />
        <Group justify="space-between">
          <Text size="sm" c="dimmed" component="output">
            {count === 0 ? t('archive.correct.nothing') : t('archive.correct.changed', { count })}
          </Text>
          <Group>
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={isBusy} disabled={count === 0 || !isReason(reason)}>
              {t('archive.correct.yes')}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  )
}

/** The browser's field for dates shows nothing that is none. */
function fieldType(name: CorrectableName, value: string): 'date' | 'time' | 'text' {
  const vr = correctableVrs[name]
  if (vr === 'DA' && /^(\d{4}-\d\d-\d\d)?$/.test(value)) return 'date'
  return vr === 'TM' && /^(\d\d:\d\d:\d\d)?$/.test(value) ? 'time' : 'text'
}
