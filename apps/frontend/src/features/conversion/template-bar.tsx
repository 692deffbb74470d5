import type { ConversionTemplate } from '@instandt/api'
import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { templatesQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { FormFault } from '../../ui/form-fault.tsx'
import { type Draft, templateOf, withTemplate } from './draft.ts'

interface TemplateBarProps {
  project: string
  draft: Draft
  isDisabled: boolean
  onApply: (draft: Draft) => void
}

/** Filled-in forms of the project: one is chosen, kept under a name, or removed. */
export function TemplateBar({ project, draft, isDisabled, onApply }: TemplateBarProps) {
  const { t } = useTranslation()
  const templates = useQuery(templatesQuery(project))
  const [chosen, setChosen] = useState('')
  const [isNaming, setIsNaming] = useState(false)
  const [removing, setRemoving] = useState<ConversionTemplate>()
  const items = templates.data?.items ?? []
  const current = items.find((one) => one.id === chosen)
  const refresh = (): Promise<void> => queryClient.invalidateQueries(templatesQuery(project))
  const remove = useSubmit((id: string) => client.removeTemplate(project, id), refresh)
  return (
    <>
      <Group align="end" gap="xs">
        <NativeSelect
          label={t('convert.template')}
          disabled={isDisabled || templates.isPending}
          value={chosen}
          data={[
            { value: '', label: items.length === 0 ? t('convert.noTemplates') : t('convert.noTemplate') },
            ...items.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChange={(event) => {
            const template = items.find((one) => one.id === event.currentTarget.value)
            setChosen(template?.id ?? '')
            if (template) onApply(withTemplate(draft, template.form))
          }}
        />
        <Button variant="default" disabled={isDisabled} onClick={() => setIsNaming(true)}>
          {t('convert.saveTemplate')}
        </Button>
        {current ? (
          <Button
            variant="subtle"
            color="gray"
            disabled={isDisabled || remove.isBusy}
            onClick={() => setRemoving(current)}
          >
            {t('convert.removeTemplate')}
          </Button>
        ) : null}
      </Group>
      <FormFault words={remove.fault ?? (templates.isError ? t('convert.templatesMissing') : undefined)} />
      <Modal
        opened={isNaming}
        onClose={() => setIsNaming(false)}
        title={t('convert.saveTemplate')}
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        {isNaming ? (
          <SaveTemplate
            project={project}
            draft={draft}
            current={current}
            items={items}
            onSaved={async ({ id }) => {
              await refresh()
              setChosen(id)
              setIsNaming(false)
            }}
          />
        ) : null}
      </Modal>
      <ConfirmDialog
        question={removing && t('convert.removeConfirm', { name: removing.name })}
        yes={t('common.remove')}
        no={t('common.cancel')}
        onYes={() => {
          if (removing) remove.submit(removing.id)
          setRemoving(undefined)
          setChosen('')
        }}
        onClose={() => setRemoving(undefined)}
      />
    </>
  )
}

interface SaveTemplateProps {
  project: string
  draft: Draft
  current: ConversionTemplate | undefined
  items: readonly ConversionTemplate[]
  onSaved: (template: ConversionTemplate) => Promise<void>
}

/** Under the name of a template that there is, it takes its place. */
function SaveTemplate({ project, draft, current, items, onSaved }: SaveTemplateProps) {
  const { t } = useTranslation()
  const [name, setName] = useState(current?.name ?? '')
  const form = templateOf(draft)
  const same = items.find((one) => one.name === name.trim())
  const { isBusy, fault, submit } = useSubmit(async () => {
    if (!form) return
    await onSaved(
      await (same
        ? client.changeTemplate(project, same.id, { name, form })
        : client.createTemplate(project, { name, form })),
    )
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{t('convert.templateDetail')}</Text>
        <TextInput
          label={t('convert.templateName')}
          data-autofocus
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <FormFault words={fault ?? (form ? undefined : t('convert.faults.form'))} />
        <Button type="submit" loading={isBusy} disabled={name.trim() === '' || !form}>
          {same ? t('convert.replaceTemplate') : t('common.save')}
        </Button>
      </Stack>
    </form>
  )
}
