import type { Upload } from '@instandt/api'
import { Button, Progress, Text, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { openUploadsQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { formatBytes, formatInstant } from '../../ui/format.ts'
import { PickFiles } from '../../ui/pick-files.tsx'
import { findHandle, forgetHandle, openHandle } from './file-handles.ts'
import type { UploadSnapshot } from './snapshot.ts'
import classes from './upload.module.css'
import { uploadAll } from './upload-store.ts'

interface OpenUploadsProps {
  upload: UploadSnapshot
  /** Ids of uploads that are under way elsewhere in this tab. */
  others: readonly (string | undefined)[]
  /** Goes on with one whose file becomes something else. */
  onConvert: (left: Upload, file: File) => void
}

/** Uploads that were left in the middle, by a reload or on another day: the same file chosen again goes on. */
export function OpenUploads({ upload, others, onConvert }: OpenUploadsProps) {
  const { t } = useTranslation()
  const { data } = useQuery(openUploadsQuery)
  const running = new Set([...upload.files.map(({ uploadId }) => uploadId), ...others])
  const left = (data?.items ?? []).filter(
    ({ id, state, sha256 }) => state === 'open' && sha256 !== null && !running.has(id),
  )
  if (left.length === 0) return null
  return (
    <section className={classes.open} aria-label={t('upload.open.title')}>
      <Title order={2} size="h5">
        {t('upload.open.title')}
      </Title>
      <Text size="xs" c="dimmed">
        {t('upload.open.hint')}
      </Text>
      <ul className={classes.openList}>
        {left.map((one) => (
          <OpenUpload key={one.id} upload={one} onConvert={onConvert} />
        ))}
      </ul>
    </section>
  )
}

function OpenUpload({ upload, onConvert }: { upload: Upload } & Pick<OpenUploadsProps, 'onConvert'>) {
  const { t, i18n } = useTranslation()
  const { id, name, project, sha256, byteSize, receivedBytes, expiresAt } = upload
  const handle = useQuery({
    queryKey: ['upload-handle', id],
    queryFn: () => findHandle(id),
    networkMode: 'always',
  }).data
  const [isGone, setIsGone] = useState(false)
  // With the name it had, folders and all. Whether it is the same file, its hash tells.
  const goOn = (file: File): void => {
    if (upload.content.kind === 'convert') onConvert(upload, file)
    else void uploadAll([[{ path: name, file, project, ...(sha256 ? { expectedSha256: sha256 } : {}) }]])
  }
  const reopen = async (from: NonNullable<typeof handle>): Promise<void> => {
    const file = await openHandle(from)
    setIsGone(file === undefined)
    if (file) goOn(file)
  }
  const bytes = (value: number): string => formatBytes(value, i18n.language)
  const discard = useMutation({
    mutationFn: async () => {
      await client.removeUpload(id)
      await forgetHandle(id)
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: openUploadsQuery.queryKey }),
  })
  return (
    <li className={classes.openRow}>
      <div className={classes.openWords}>
        <span className={classes.openName} title={name}>
          {name}
        </span>
        <span className={classes.details}>
          {t('upload.bytesOf', { done: bytes(receivedBytes), total: bytes(byteSize) })}
          {expiresAt === null ? '' : ` · ${t('upload.open.until', { time: formatInstant(expiresAt, i18n.language) })}`}
        </span>
        {isGone ? (
          <span className={classes.warned} role="alert">
            {t('upload.open.gone')}
          </span>
        ) : null}
        <Progress value={(receivedBytes / byteSize) * 100} size={3} aria-label={t('upload.open.received', { name })} />
      </div>
      <div className={classes.actions}>
        {handle ? (
          <Button
            size="compact-xs"
            aria-label={t('upload.open.goOnNamed', { name })}
            onClick={() => void reopen(handle)}
          >
            {t('upload.resume')}
          </Button>
        ) : null}
        <PickFiles
          label={t('upload.open.chooseNamed', { name })}
          size="compact-xs"
          variant="default"
          isSingle
          onPicked={([file]) => file && goOn(file)}
        >
          {t('upload.open.choose')}
        </PickFiles>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          loading={discard.isPending}
          aria-label={t('upload.open.discardNamed', { name })}
          onClick={() => discard.mutate()}
        >
          {t('upload.open.discard')}
        </Button>
      </div>
    </li>
  )
}
