import type { InspectionDetail, Session, View } from '@instandt/api'
import { ActionIcon, Button, Loader, Menu } from '@mantine/core'
import { IconArrowsMove, IconDots, IconEdit, IconHistory, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './archive.module.css'
import { CorrectDialog } from './correct-dialog.tsx'
import type { ToDelete } from './delete-dialog.tsx'
import { MoveDialog } from './move-dialog.tsx'

interface InspectionActionsProps {
  inspection: InspectionDetail
  /** The view that is shown. */
  view: View | undefined
  session: Session
  /** What stands in the attributes now; undefined until it is known. */
  current: Record<string, string | null> | undefined
  isBeingCorrected: boolean
  isNarrow: boolean
  onHistory: () => void
  onDelete: (what: ToDelete) => void
}

/** What may be done with an inspection as a whole; what the caller may not do is not there. */
export function InspectionActions(props: InspectionActionsProps) {
  const { inspection, view, session, current, isBeingCorrected, isNarrow, onHistory, onDelete } = props
  const { t } = useTranslation()
  const [open, setOpen] = useState<'correct' | 'move'>()
  const { studyInstanceUid: study, projectSlug, instanceCount, views } = inspection
  const permissions = session.projects.find(({ slug }) => slug === projectSlug)?.permissions ?? []
  const targets = session.projects.filter((one) => one.slug !== projectSlug && one.permissions.includes('store'))
  const mayCorrect = permissions.includes('correct')
  const mayDelete = permissions.includes('delete')
  const mayMove = permissions.includes('move') && targets.length > 0
  const name = inspection.componentName ?? t('search.unnamed')
  const viewName = view?.description ?? (view?.number == null ? t('inspection.viewUnnumbered') : String(view.number))
  const close = (): void => setOpen(undefined)
  return (
    <div className={classes.actions}>
      <Button
        variant="default"
        size="xs"
        leftSection={isBeingCorrected ? <Loader size={14} aria-hidden /> : <IconHistory size={15} aria-hidden />}
        onClick={onHistory}
      >
        {isBeingCorrected ? t('archive.history.underWay') : t('archive.history.title')}
      </Button>
      {mayCorrect || mayDelete || mayMove ? (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon variant="default" size={30} aria-label={t('archive.menu.title')}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {mayCorrect ? (
              <Menu.Item
                leftSection={<IconEdit size={16} />}
                disabled={current === undefined || isBeingCorrected}
                onClick={() => setOpen('correct')}
              >
                {t('archive.menu.correct')}
              </Menu.Item>
            ) : null}
            {mayMove ? (
              <Menu.Item
                leftSection={<IconArrowsMove size={16} />}
                disabled={isBeingCorrected}
                onClick={() => setOpen('move')}
              >
                {t('archive.menu.move')}
              </Menu.Item>
            ) : null}
            {mayDelete ? (
              <>
                <Menu.Divider />
                {view && views.length > 1 ? (
                  <Menu.Item
                    color="red"
                    leftSection={<IconTrash size={16} />}
                    onClick={() =>
                      onDelete({
                        level: 'series',
                        series: view.seriesInstanceUid,
                        name: viewName,
                        count: view.instanceCount,
                      })
                    }
                  >
                    {t('archive.menu.deleteView', { name: viewName })}
                  </Menu.Item>
                ) : null}
                <Menu.Item
                  color="red"
                  leftSection={<IconTrash size={16} />}
                  onClick={() => onDelete({ level: 'study', name, count: instanceCount })}
                >
                  {t('archive.menu.deleteInspection')}
                </Menu.Item>
              </>
            ) : null}
          </Menu.Dropdown>
        </Menu>
      ) : null}
      {current ? (
        <CorrectDialog
          study={study}
          current={current}
          instanceCount={instanceCount}
          opened={open === 'correct'}
          isNarrow={isNarrow}
          onClose={close}
          onOrdered={onHistory}
        />
      ) : null}
      <MoveDialog study={study} name={name} targets={targets} opened={open === 'move'} onClose={close} />
    </div>
  )
}
