import { instanceUrl } from '@instandt/api'
import { sopClassName } from '@instandt/dicom'
import { Button, Group } from '@mantine/core'
import {
  IconAlertTriangle,
  IconDownload,
  IconFile,
  IconFileText,
  IconListDetails,
  IconWaveSine,
} from '@tabler/icons-react'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { describeFault, type FaultWords } from '../../api/fault.tsx'
import { formatBytes, formatCount } from '../../ui/format.ts'
import { DecoderMissing, PixelFault, ScreenImageMissing } from './engine/index.ts'
import { LargeImage } from './large-image.tsx'
import { useViewerState } from './use-viewer-state.ts'
import classes from './viewer.module.css'
import type { ViewerSession } from './viewer-state.ts'

interface ViewerFaultProps {
  session: ViewerSession
  onAttributes: (instance: string) => void
}

interface Words {
  title: string
  detail: string
  reference?: string | undefined
}

const contentIcons = { document: IconFileText, waveform: IconWaveSine, report: IconListDetails, other: IconFile }

/** In place of a picture: why there is none, and what to do with the file instead. */
export function ViewerFault({ session, onAttributes }: ViewerFaultProps) {
  const { t, i18n } = useTranslation()
  const fault = useViewerState(session, (state) => state.fault)
  const address = useViewerState(session, (state) => state.address)
  const sopClassUid = useViewerState(session, (state) => state.info?.sopClassUid)
  if (fault === undefined || !address) return null
  const elsewhere = (
    <>
      <Button variant="default" onClick={() => onAttributes(address.instance)}>
        {t('viewer.toAttributes')}
      </Button>
      <Button
        variant="default"
        component="a"
        href={`${instanceUrl(address.study, address.series, address.instance)}?accept=application/dicom`}
        download={`${address.instance}.dcm`}
        leftSection={<IconDownload size={16} aria-hidden />}
      >
        {t('viewer.download')}
      </Button>
    </>
  )
  if (fault instanceof ScreenImageMissing)
    return (
      <LargeImage key={address.instance} fault={fault} address={address} onWhole={session.loadWhole}>
        {elsewhere}
      </LargeImage>
    )
  const isPixels = fault instanceof PixelFault
  const others = fault instanceof DecoderMissing ? describeMissing(t, fault) : describeFault(t, fault)
  const words = isPixels ? describePixelFault(t, i18n.language, fault) : others
  // Another time the computer may have less to do.
  const canRetry = isPixels ? fault.code === 'too-slow' : others.canRetry
  const content =
    isPixels && fault.code === 'no-pixels' ? (fault.detail['content'] as keyof typeof contentIcons) : undefined
  const Icon = content ? contentIcons[content] : IconAlertTriangle
  const kind = sopClassUid ? (sopClassName(sopClassUid) ?? sopClassUid) : undefined
  return (
    <div className={classes.fault} role={content ? 'status' : 'alert'} data-testid="viewer-fault">
      <Icon size={34} stroke={1.4} aria-hidden />
      <h2>{words.title}</h2>
      <p>{words.detail}</p>
      {content && kind ? <p className={classes.dim}>{kind}</p> : null}
      {words.reference ? <code>{words.reference}</code> : null}
      <Group gap="xs" justify="center" mt="sm">
        {canRetry ? <Button onClick={session.retry}>{t('common.retry')}</Button> : null}
        {elsewhere}
      </Group>
    </div>
  )
}

const describeMissing = (t: TFunction, { message }: DecoderMissing): FaultWords => ({
  title: t('viewer.fault.decoderTitle'),
  detail: t('viewer.fault.decoder'),
  reference: message,
  canRetry: true,
})

function describePixelFault(t: TFunction, language: string, fault: PixelFault): Words {
  const { code, detail } = fault
  const text = (name: string): string => String(detail[name] ?? '')
  if (code === 'no-pixels') {
    const content = detail['content'] as keyof typeof contentIcons
    return { title: t(`viewer.fault.content.${content}`), detail: t('viewer.fault.noPixels') }
  }
  const title = t('viewer.fault.title')
  if (code === 'video')
    return { title: t('viewer.fault.content.video'), detail: t('viewer.fault.video', { syntax: text('syntax') }) }
  if (code === 'missing-attribute') return { title, detail: t('viewer.fault.missing', { name: text('name') }) }
  if (code === 'unsupported-format') {
    return { title, detail: t('viewer.fault.format', { name: text('name'), value: text('value') }) }
  }
  if (code === 'unsupported-syntax') {
    return { title, detail: t('viewer.fault.syntax', { syntax: text('syntax') }), reference: text('uid') }
  }
  if (code === 'frame-short') {
    const expected = formatCount(Number(detail['expected']), language)
    const found = formatCount(Number(detail['found']), language)
    return { title, detail: t('viewer.fault.short', { expected, found }) }
  }
  if (code === 'too-large') {
    const bytes = formatBytes(Number(detail['bytes']), language)
    return {
      title: t('viewer.fault.largeTitle'),
      detail: t('viewer.fault.large', { columns: text('columns'), rows: text('rows'), bytes }),
    }
  }
  if (code === 'too-slow') return { title, detail: t('viewer.fault.slow', { seconds: text('seconds') }) }
  return { title, detail: t('viewer.fault.decode', { syntax: text('syntax') }), reference: text('reason') }
}

/** The whole viewer cannot work here. */
export function StageFault({ error }: { error: unknown }) {
  const { t } = useTranslation()
  const words: Words = describeFault(t, error)
  return (
    <div className={classes.fault} role="alert">
      <IconAlertTriangle size={34} stroke={1.4} aria-hidden />
      <h2>{words.title}</h2>
      <p>{words.detail}</p>
      {words.reference ? <code>{words.reference}</code> : null}
    </div>
  )
}
