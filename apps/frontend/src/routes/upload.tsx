import { Anchor, Text, Title } from '@mantine/core'
import { IconCloudUpload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../api/queries.ts'
import { ConvertOffer } from '../features/conversion/convert-offer.tsx'
import { conversion, useConversion } from '../features/conversion/conversion-store.ts'
import { ChooseFiles } from '../features/upload/choose-files.tsx'
import { OpenUploads } from '../features/upload/open-uploads.tsx'
import { ProjectChoice } from '../features/upload/project-choice.tsx'
import classes from '../features/upload/upload.module.css'
import { UploadList } from '../features/upload/upload-list.tsx'
import { UploadProgress } from '../features/upload/upload-progress.tsx'
import { useUpload } from '../features/upload/upload-store.ts'

/** Drop, watch, and see what became of every file. Dropping works on every page; this one shows it. */
export function UploadPage() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const upload = useUpload()
  const converting = useConversion()
  const { data: session } = useQuery(sessionQuery)
  const canStore = session?.projects.some((one) => one.permissions.includes('store')) ?? false
  const hasFiles = upload.files.length > 0
  const convertible = upload.files.flatMap(({ reason, file }) =>
    reason?.key === 'notConverted' && file instanceof File ? [file] : [],
  )
  return (
    <div className={classes.page}>
      <title>{`${t('upload.title')} – ${t('app.name')}`}</title>
      <div className={classes.top}>
        <Title order={1}>{t('upload.title')}</Title>
        {canStore ? (
          <Anchor component={Link} to="/convert" size="sm">
            {t('convert.fromUpload')}
          </Anchor>
        ) : null}
        {hasFiles && canStore ? <ChooseFiles size="xs" /> : null}
      </div>
      <div className={classes.middle}>
        {upload.isCollecting ? (
          <Text size="sm" c="dimmed" mb={hasFiles ? 'xs' : 0}>
            {t('upload.collecting', { count: upload.files.length })}
          </Text>
        ) : null}
        {session && canStore ? (
          <ProjectChoice session={session} isFixed={upload.isActive || upload.isCollecting} />
        ) : null}
        {canStore ? (
          <OpenUploads
            upload={upload}
            others={converting.rows.map(({ uploadId, left }) => uploadId ?? left?.id)}
            onConvert={(left, file) => {
              void conversion().goOn(left, file)
              void navigate({ to: '/convert' })
            }}
          />
        ) : null}
        {hasFiles ? <UploadProgress upload={upload} /> : null}
        {canStore && !upload.isActive ? <ConvertOffer files={convertible} /> : null}
      </div>
      {hasFiles ? (
        <UploadList upload={upload} />
      ) : (
        <div className={classes.dropZone}>
          <IconCloudUpload size={44} stroke={1.2} aria-hidden className={classes.dim} />
          <Title order={2}>{canStore ? t('upload.drop') : t('upload.cannot')}</Title>
          {canStore ? (
            <>
              <Text size="sm" c="dimmed" maw="30rem">
                {t('upload.hint')}
              </Text>
              <ChooseFiles size="sm" />
            </>
          ) : null}
        </div>
      )}
    </div>
  )
}
