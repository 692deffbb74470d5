import { Anchor, Button, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../api/queries.ts'
import { queryClient } from '../api/query-client.ts'
import classes from '../features/conversion/conversion.module.css'
import { ConversionForm } from '../features/conversion/conversion-form.tsx'
import { type Batch, batchFor } from '../features/conversion/batch.ts'
import { convertAll, type ConvertRow } from '../features/conversion/convert-queue.ts'
import { emptyDraft, fillIn } from '../features/conversion/draft.ts'
import { ChooseConvertFiles, FileRows } from '../features/conversion/file-rows.tsx'
import { takeHandedOver } from '../features/conversion/handed-over.ts'
import { TemplateBar } from '../features/conversion/template-bar.tsx'
import { ProjectChoice } from '../features/upload/project-choice.tsx'
import { storableProjects, useUploadProject } from '../features/upload/upload-target.ts'
import page from '../ui/page.module.css'

const rowOf = (file: File, number: number): ConvertRow => ({
  id: crypto.randomUUID(),
  number,
  file,
  state: 'waiting',
  share: 0,
})

/** TIFF, PNG, JPEG, PDF and raw files become DICONDE objects of one inspection. */
export function ConvertPage() {
  const { t } = useTranslation()
  const { data: session } = useQuery(sessionQuery)
  const [draft, setDraft] = useState(emptyDraft)
  const [rows, setRows] = useState<readonly ConvertRow[]>(() => takeHandedOver().map((file, at) => rowOf(file, at + 1)))
  // Of the page, not of the list: a number whose row was removed may be taken in the inspection already.
  const lastNumber = useRef(rows.length)
  const [isBusy, setIsBusy] = useState(false)
  const [isShown, setIsShown] = useState(false)
  const [isOver, setIsOver] = useState(false)
  const stop = useRef(new AbortController())
  const batch = useRef<Batch>(undefined)
  const { form, raw, faults } = fillIn(draft)
  const storable = session ? storableProjects(session) : []
  const canStore = storable.length > 0
  const project = useUploadProject() ?? session?.defaultProject ?? storable[0]?.slug
  const open = rows.filter((row) => row.state !== 'stored')

  const add = (files: readonly File[]): void => {
    if (rows.every((row) => row.state === 'stored')) batch.current = undefined
    const added = files.map((file, at) => rowOf(file, lastNumber.current + at + 1))
    lastNumber.current += files.length
    setRows((before) => [...before, ...added])
  }
  const start = async (): Promise<void> => {
    if (!form) {
      setIsShown(true)
      return
    }
    batch.current = batchFor(batch.current, project, form)
    const ofBatch = batch.current.id
    stop.current = new AbortController()
    setIsBusy(true)
    await convertAll(
      open,
      {
        project,
        content: (number) => ({ kind: 'convert', batch: ofBatch, number, form, ...(raw ? { raw } : {}) }),
      },
      (row) => setRows((before) => before.map((one) => (one.id === row.id ? row : one))),
      stop.current.signal,
    )
    setIsBusy(false)
    await queryClient.invalidateQueries({ queryKey: ['inspections'] })
  }

  return (
    <div
      className={page.page}
      onDragOver={(event) => {
        event.preventDefault()
        setIsOver(true)
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setIsOver(false)
        if (!isBusy) add([...event.dataTransfer.files])
      }}
    >
      <title>{`${t('convert.title')} – ${t('app.name')}`}</title>
      <div className={page.top}>
        <div>
          <Title order={1}>{t('convert.title')}</Title>
          <Text size="sm" c="dimmed" maw="44rem">
            {t('convert.detail')}
          </Text>
        </div>
        <Anchor component={Link} to="/upload" size="sm">
          {t('convert.toUpload')}
        </Anchor>
      </div>
      {session && !canStore ? <Text>{t('upload.cannot')}</Text> : null}
      {session && canStore && project !== undefined ? (
        <>
          <div className={classes.fields}>
            <ProjectChoice session={session} isFixed={isBusy} />
          </div>
          <TemplateBar project={project} draft={draft} isDisabled={isBusy} onApply={setDraft} />
          <section aria-label={t('convert.files')} className={`${classes.drop} ${isOver ? classes.isOver : ''}`}>
            <ChooseConvertFiles isRaw={draft.isRaw} isDisabled={isBusy} onChosen={add} />
            <Text size="sm" c="dimmed">
              {t('convert.drop')}
            </Text>
          </section>
          {rows.length > 0 ? (
            <FileRows
              rows={rows}
              onRemove={isBusy ? undefined : (id) => setRows((before) => before.filter((row) => row.id !== id))}
            />
          ) : null}
          <ConversionForm draft={draft} faults={isShown ? faults : {}} isDisabled={isBusy} onChange={setDraft} />
          <div className={classes.foot}>
            <Text component="output" size="sm" c={isShown && !form ? 'red' : 'dimmed'}>
              {isShown && !form ? t('convert.faults.form') : t('convert.together')}
            </Text>
            {isBusy ? (
              <Button variant="default" onClick={() => stop.current.abort()}>
                {t('upload.cancel')}
              </Button>
            ) : null}
            <Button loading={isBusy} disabled={open.length === 0} onClick={() => void start()}>
              {t('convert.start', { count: open.length })}
            </Button>
          </div>
        </>
      ) : null}
    </div>
  )
}
