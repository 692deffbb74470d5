import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { formatBytes } from '../../ui/format.ts'
import type { AttributeRow } from './attribute-rows.ts'
import classes from './inspection.module.css'

/** A value as text; binary data as its size and, where the bytes stayed in the file, the way to them. */
export function AttributeValue({ row }: { row: AttributeRow }) {
  const { t, i18n } = useTranslation()
  if (row.kind === 'item') return null
  if (row.kind === 'sequence') return <span className={classes.dim}>{t('attributes.items', { count: row.count })}</span>
  if (row.kind === 'inline-binary') {
    const size = formatBytes(row.count, i18n.language)
    return <span className={classes.dim}>{t('attributes.binaryInline', { size })}</span>
  }
  if (row.kind === 'bulk') return <BulkValue url={row.bulkUrl ?? ''} />
  if (row.value === '') return <span className={classes.dim}>{t('attributes.empty')}</span>
  return <span title={row.value}>{row.value}</span>
}

function BulkValue({ url }: { url: string }) {
  const { t, i18n } = useTranslation()
  const { data } = useQuery({
    queryKey: ['bulk-size', url],
    queryFn: ({ signal }) => client.getByteLength(url, signal),
    staleTime: Infinity,
    retry: false,
  })
  return (
    <a href={url} target="_blank" rel="noreferrer" className={classes.link}>
      {typeof data === 'number'
        ? t('attributes.binaryInline', { size: formatBytes(data, i18n.language) })
        : t('attributes.binary')}
    </a>
  )
}
