import { type NewSearchAttribute, type SearchLevel, searchLevels } from '@instandt/api'
import { labelOf, lookup, searchDictionary } from '@instandt/dicom'
import {
  Autocomplete,
  Button,
  Group,
  Modal,
  NativeSelect,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { searchAttributesQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'

/** Declares an attribute: one of the dictionary, or a private one by its creator. */
export function NewSearchAttributeDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('searchAttributes.add')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {opened ? <NewSearchAttributeForm onDone={onClose} /> : null}
    </Modal>
  )
}

const textVrs = [
  'LO',
  'SH',
  'CS',
  'PN',
  'UI',
  'DA',
  'TM',
  'DT',
  'DS',
  'IS',
  'FD',
  'FL',
  'US',
  'SS',
  'UL',
  'SL',
  'ST',
  'LT',
]
const suggestions = 8
const unsearchable = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])

function NewSearchAttributeForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation()
  const [kind, setKind] = useState<'standard' | 'private'>('standard')
  const [level, setLevel] = useState<SearchLevel>('study')
  const [text, setText] = useState('')
  const [own, setOwn] = useState({ creator: '', group: '', element: '', name: '', vr: 'LO' })
  const set = (part: Partial<typeof own>): void => setOwn({ ...own, ...part })
  const { isBusy, fault, submit } = useSubmit<NewSearchAttribute>(
    (attribute) => client.addSearchAttribute(attribute),
    async () => {
      await queryClient.invalidateQueries(searchAttributesQuery)
      onDone()
    },
  )
  const isComplete =
    kind === 'standard'
      ? text.trim() !== ''
      : own.creator.trim() !== '' &&
        /^[0-9a-f]{3}[13579bdf]$/i.test(own.group) &&
        /^[0-9a-f]{2}$/i.test(own.element) &&
        /^[A-Za-z][A-Za-z0-9]{0,63}$/.test(own.name)
  const wanted = (): NewSearchAttribute =>
    kind === 'standard'
      ? { attribute: pathOf(text), level }
      : {
          attribute: `${own.group}${JSON.stringify(own.creator.trim())}${own.element}`,
          level,
          name: own.name,
          vr: own.vr,
        }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit(wanted())
      }}
    >
      <Stack gap="sm">
        <SegmentedControl
          aria-label={t('searchAttributes.kind')}
          value={kind}
          onChange={(value) => setKind(value === 'private' ? 'private' : 'standard')}
          data={(['standard', 'private'] as const).map((value) => ({
            value,
            label: t(`searchAttributes.kinds.${value}`),
          }))}
        />
        {kind === 'standard' ? (
          <AttributeInput text={text} onChange={setText} />
        ) : (
          <>
            <TextInput
              label={t('searchAttributes.creator')}
              description={t('searchAttributes.creatorHint')}
              inputWrapperOrder={['label', 'input', 'description']}
              maxLength={64}
              value={own.creator}
              onChange={(event) => set({ creator: event.currentTarget.value })}
              data-autofocus
            />
            <Group grow align="start">
              <TextInput
                label={t('searchAttributes.group')}
                placeholder="0009"
                maxLength={4}
                value={own.group}
                onChange={(event) => set({ group: event.currentTarget.value })}
              />
              <TextInput
                label={t('searchAttributes.element')}
                placeholder="01"
                maxLength={2}
                value={own.element}
                onChange={(event) => set({ element: event.currentTarget.value })}
              />
            </Group>
            <TextInput
              label={t('searchAttributes.name')}
              description={t('searchAttributes.nameHint')}
              inputWrapperOrder={['label', 'input', 'description']}
              maxLength={64}
              value={own.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <NativeSelect
              label={t('searchAttributes.vr')}
              data={textVrs}
              value={own.vr}
              onChange={(event) => set({ vr: event.currentTarget.value })}
            />
          </>
        )}
        <NativeSelect
          label={t('searchAttributes.level')}
          description={t('searchAttributes.levelHint')}
          inputWrapperOrder={['label', 'input', 'description']}
          value={level}
          onChange={(event) => setLevel(searchLevels.find((one) => one === event.currentTarget.value) ?? 'study')}
          data={searchLevels.map((value) => ({ value, label: t(`searchAttributes.levels.${value}`) }))}
        />
        <FormFault words={fault} />
        <Button type="submit" loading={isBusy} disabled={!isComplete}>
          {t('searchAttributes.add')}
        </Button>
      </Stack>
    </form>
  )
}

/** Names and tags that fit the last step typed; a sequence leads on. */
function AttributeInput({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const { t } = useTranslation()
  const at = text.lastIndexOf('.') + 1
  const before = text.slice(0, at)
  const last = text.slice(at)
  const options = useMemo(
    () =>
      searchDictionary(last, suggestions * 2)
        .filter(({ vr }) => !unsearchable.has(vr))
        .slice(0, suggestions)
        .map(({ tag, vr }) => ({ value: before + dotted(tag), label: labelOf(tag, 'diconde'), vr })),
    [before, last],
  )
  return (
    <Autocomplete
      label={t('searchAttributes.attribute')}
      description={t('searchAttributes.attributeHint')}
      inputWrapperOrder={['label', 'input', 'description']}
      placeholder={t('searchAttributes.attributeExample')}
      data-autofocus
      maxLength={300}
      value={text}
      onChange={onChange}
      data={options.map(({ value }) => value)}
      filter={({ options: all }) => all}
      renderOption={({ option }) => {
        const found = options.find(({ value }) => value === option.value)
        return (
          <div>
            <Text size="sm">{found?.label}</Text>
            <Text size="xs" c="dimmed">
              {option.value} · {found?.vr}
            </Text>
          </div>
        )
      }}
    />
  )
}

const dotted = (tag: string): string => `${tag.slice(0, 4)},${tag.slice(4)}`

/** Names may be typed with their blanks. */
const pathOf = (text: string): string =>
  text
    .split('.')
    .map((part) => lookup(part.replaceAll(' ', ''))?.tag ?? part.trim())
    .join('.')
