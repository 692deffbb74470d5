import { ApiError, ContractError, UnreachableError } from '@instandt/api'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { FaultPanel } from '../ui/fault-panel.tsx'

export interface FaultWords {
  title: string
  detail: string
  reference?: string
  /** The same request may succeed later. */
  canRetry: boolean
}

/** The one place that turns a failure into words. Decides on status and kind, never on the text of a message. */
export function describeFault(t: TFunction, error: unknown): FaultWords {
  if (error instanceof UnreachableError) {
    return { title: t('error.unreachable.title'), detail: t('error.unreachable.detail'), canRetry: true }
  }
  if (error instanceof ContractError) {
    return {
      title: t('error.contract.title'),
      detail: t('error.contract.detail'),
      ...(error.requestId ? { reference: t('error.requestId', { id: error.requestId }) } : {}),
      canRetry: true,
    }
  }
  if (error instanceof ApiError) {
    const { status, detail, requestId } = error.problem
    const reference = requestId ? { reference: t('error.requestId', { id: requestId }) } : {}
    if (status === 401) return { title: t('error.signIn.title'), detail: t('error.signIn.detail'), canRetry: true }
    if (status === 403)
      return { title: t('error.forbidden.title'), detail: t('error.forbidden.detail'), ...reference, canRetry: false }
    if (status === 404)
      return { title: t('error.notFound.title'), detail: t('error.notFound.detail'), ...reference, canRetry: false }
    if (status === 429 || status === 502 || status === 503 || status === 504)
      return { title: t('error.busy.title'), detail: detail || t('error.busy.detail'), ...reference, canRetry: true }
    if (status < 500) return { title: t('error.badRequest.title'), detail, ...reference, canRetry: false }
    return { title: t('error.server.title'), detail: t('error.server.detail'), ...reference, canRetry: true }
  }
  return {
    title: t('error.page.title'),
    detail: t('error.page.detail'),
    reference: error instanceof Error ? error.message : String(error),
    canRetry: true,
  }
}

interface FaultProps {
  error: unknown
  onRetry?: () => void
}

/** A failed query in place of what it should have shown. */
export function Fault({ error, onRetry }: FaultProps) {
  const { t } = useTranslation()
  const words = describeFault(t, error)
  return (
    <FaultPanel
      title={words.title}
      detail={words.detail}
      reference={words.reference}
      onRetry={words.canRetry ? onRetry : undefined}
      retryLabel={t('common.retry')}
    />
  )
}
