import { Button, Menu } from '@mantine/core'
import { IconReceipt } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../../api/queries.ts'
import { reasonWords } from './reason-words.ts'
import { type Receipt, receiptCsv, receiptLines } from './receipt.ts'
import type { UploadFile } from './upload-file.ts'

/** The proof of an upload, made on this device from what was read here and answered by the server. */
export function ReceiptMenu({ files }: { files: readonly UploadFile[] }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const save = (format: 'csv' | 'json'): void => {
    const session = queries.getQueryData(sessionQuery.queryKey)
    const receipt: Receipt = {
      server: globalThis.location.origin,
      uploadedBy: session?.user.email ?? session?.user.name ?? null,
      madeAt: new Date().toISOString(),
      files: receiptLines(files, session?.defaultProject ?? null, (file) => reasonWords(t, file)),
    }
    const text = format === 'csv' ? receiptCsv(receipt) : `${JSON.stringify(receipt, null, 2)}\n`
    const type = format === 'csv' ? 'text/csv' : 'application/json'
    saveFile(`instandt-receipt-${receipt.madeAt.slice(0, 19).replaceAll(/[:T]/g, '-')}.${format}`, text, type)
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconReceipt size={16} aria-hidden />}>
          {t('upload.receipt')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => save('csv')}>{t('upload.receiptCsv')}</Menu.Item>
        <Menu.Item onClick={() => save('json')}>{t('upload.receiptJson')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function saveFile(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
