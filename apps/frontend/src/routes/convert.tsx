import { Anchor, Button, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../api/queries.ts'
import classes from '../features/conversion/conversion.module.css'
import { ConversionForm } from '../features/conversion/conversion-form.tsx'
import { conversion, useConversion } from '../features/conversion/conversion-store.ts'
import type { RowState } from '../features/conversion/convert-queue.ts'
import { fillIn } from '../features/conversion/draft.ts'
import { ChooseConvertFiles, FileRows } from '../features/conversion/file-rows.tsx'
import { TemplateBar } from '../features/conversion/template-bar.tsx'
import { ProjectChoice } from '../features/upload/project-choice.tsx'
import { storableProjects, useUploadProject } from '../features/upload/upload-target.ts'
import page from '../ui/page.module.css'

/** TIFF, PNG, JPEG, PDF and raw files become DICONDE objects of one inspection. */
export function ConvertPage() {
  const { t } = useTranslation()
  const { data: session } = useQuery(sessionQuery)
  const state = useConversion()
  const { draft, rows, isBusy, isCancelling, isSignedOut } = state
  const { addFiles, setDraft, cancel, clearStored, tryAgain, convertWaiting } = conversion()
  const [isShown, setIsShown] = useState(false)
  const [isOver, setIsOver] = useState(false)
  const { form, raw, faults } = fillIn(draft)
  const storable = session ? storableProjects(session) : []
  const canStore = storable.length > 0
  const project = useUploadProject() ?? session?.defaultProject ?? storable[0]?.slug
  const countOf = (...states: RowState[]): number => rows.filter((row) => states.includes(row.state)).length
  const waiting = countOf('waiting')
  const failed = countOf('failed', 'refused')

  const start = (): void => {
    setIsShown(form === undefined)
    if (form && project !== undefined) void convertWaiting(project, form, raw)
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
        if (!isBusy) addFiles([...event.dataTransfer.files])
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
            <ChooseConvertFiles isRaw={draft.isRaw} isDisabled={isBusy} onChosen={addFiles} />
            <Text size="sm" c="dimmed">
              {t('convert.drop')}
            </Text>
          </section>
          {rows.length > 0 ? <FileRows state={state} /> : null}
          <ConversionForm draft={draft} faults={isShown ? faults : {}} isDisabled={isBusy} onChange={setDraft} />
          <div className={classes.foot}>
            <Text component="output" size="sm" c={isShown && !form ? 'red' : 'dimmed'}>
              {isShown && !form
                ? t('convert.faults.form')
                : isSignedOut
                  ? t('convert.signedOut')
                  : t('convert.together')}
            </Text>
            {isSignedOut ? (
              <Button component="a" href="/sign-in?to=/convert" target="_blank" rel="opener">
                {t('upload.signIn')}
              </Button>
            ) : null}
            {isBusy ? (
              <Button variant="default" disabled={isCancelling} onClick={cancel}>
                {t('upload.cancel')}
              </Button>
            ) : null}
            {!isBusy && failed > 1 ? (
              <Button variant="default" onClick={() => tryAgain()}>
                {t('upload.retryFailed', { count: failed })}
              </Button>
            ) : null}
            {!isBusy && countOf('stored') > 0 ? (
              <Button variant="subtle" color="gray" onClick={clearStored}>
                {t('convert.clearStored')}
              </Button>
            ) : null}
            <Button loading={isBusy} disabled={waiting === 0} onClick={start}>
              {t('convert.start', { count: waiting })}
            </Button>
          </div>
        </>
      ) : null}
    </div>
  )
}
