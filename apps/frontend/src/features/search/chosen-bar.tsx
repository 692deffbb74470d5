import type { Inspection } from '@instandt/api'
import { Button, CloseButton, Paper, Text } from '@mantine/core'
import { IconFileZip } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { formatBytes, formatCount } from '../../ui/format.ts'
import classes from './search.module.css'

interface ChosenBarProps {
  chosen: ReadonlyMap<string, Inspection>
  onClear: () => void
}

/** What is chosen in the list, over its lower edge so that nothing moves; downloads it as one archive. */
export function ChosenBar({ chosen, onClear }: ChosenBarProps) {
  const { t, i18n } = useTranslation()
  const { isBusy, fault, submit } = useSubmit(async () => {
    const { address } = await client.chooseDownload({ items: [...chosen.keys()].map((study) => ({ study })) })
    // The browser saves it by itself, with its own progress, whatever the size.
    globalThis.location.assign(address)
  })
  const size = [...chosen.values()].reduce((sum, { byteSize }) => sum + byteSize, 0)
  return (
    <div className={classes.chosenPlace}>
      {chosen.size === 0 ? null : (
        <Paper
          component="section"
          className={classes.chosen}
          shadow="lg"
          withBorder
          aria-label={t('search.chosen.label')}
        >
          <output className={classes.chosenText}>
            {t('search.chosen.count', { count: chosen.size, shown: formatCount(chosen.size, i18n.language) })}
            <span className={classes.dim}> · {formatBytes(size, i18n.language)}</span>
            {fault === undefined ? null : (
              <Text size="xs" c="red" role="alert">
                {fault}
              </Text>
            )}
          </output>
          <Button
            size="sm"
            leftSection={<IconFileZip size={16} aria-hidden />}
            loading={isBusy}
            onClick={() => submit(undefined)}
          >
            {t('common.downloadZip')}
          </Button>
          <CloseButton aria-label={t('search.chosen.clear')} title={t('search.chosen.clear')} onClick={onClear} />
        </Paper>
      )}
    </div>
  )
}
