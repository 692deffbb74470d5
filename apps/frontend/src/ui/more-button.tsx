import { Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'

interface MoreButtonProps {
  pages: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }
}

/** Below a list that comes page by page; nothing when all of it is there. */
export function MoreButton({ pages }: MoreButtonProps) {
  const { t } = useTranslation()
  if (!pages.hasNextPage) return null
  return (
    <Group justify="center" mt="md">
      <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
        {t('common.more')}
      </Button>
    </Group>
  )
}
