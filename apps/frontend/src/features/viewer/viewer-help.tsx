import { Input, Kbd, Modal, SegmentedControl, Table } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { drawings } from './drawing.ts'
import type { Drawing } from './engine/index.ts'

interface ViewerHelpProps {
  opened: boolean
  onClose: () => void
  drawing: Drawing
  /** What draws now, which may be another than the one chosen: not every machine has a graphics card. */
  drawnBy: 'graphics' | 'processor' | undefined
  onDrawing: (drawing: Drawing) => void
}

export function ViewerHelp({ opened, onClose, drawing, drawnBy, onDrawing }: ViewerHelpProps) {
  const { t } = useTranslation()
  const keys: [string[], string][] = [
    [['W'], t('viewer.hint.window')],
    [['A'], t('viewer.hint.area')],
    [['Z'], t('viewer.hint.zoom')],
    [['P'], t('viewer.hint.pan')],
    [['S'], t('viewer.hint.scroll')],
    [['I'], t('viewer.invert')],
    [['F'], t('viewer.hint.fit')],
    [['1'], t('viewer.hint.oneToOne')],
    [['+', '−'], t('viewer.keys.zoom')],
    [['R'], t('viewer.rotate')],
    [['H'], t('viewer.hint.flipHorizontal')],
    [['V'], t('viewer.hint.flipVertical')],
    [['0'], t('viewer.hint.reset')],
    [['↑', '↓'], t('viewer.keys.step')],
    [['PgUp', 'PgDn'], t('viewer.keys.steps')],
    [['Home', 'End'], t('viewer.keys.ends')],
    [['Space'], t('viewer.hint.play')],
    [['⇧ ↑ ↓ ← →'], t('viewer.keys.probe')],
    [['Esc'], t('viewer.back')],
  ]
  const mouse: [string, string][] = [
    [t('viewer.mouse.left'), t('viewer.mouse.leftDoes')],
    [t('viewer.mouse.right'), t('viewer.hint.zoom')],
    [t('viewer.mouse.middle'), t('viewer.hint.pan')],
    [t('viewer.mouse.wheel'), t('viewer.mouse.wheelDoes')],
    [t('viewer.mouse.fingers'), t('viewer.mouse.fingersDo')],
  ]
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t('shortcuts.title')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Table withRowBorders={false} verticalSpacing={3}>
        <Table.Tbody>
          {keys.map(([names, meaning]) => (
            <Table.Tr key={meaning + names.join()}>
              <Table.Td w={{ base: '6.5rem', sm: '11rem' }}>
                {names.map((name) => (
                  <Kbd key={name} mr={4}>
                    {name}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{meaning}</Table.Td>
            </Table.Tr>
          ))}
          {mouse.map(([what, meaning]) => (
            <Table.Tr key={what}>
              <Table.Td>{what}</Table.Td>
              <Table.Td>{meaning}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Input.Wrapper
        label={t('viewer.drawing.title')}
        description={drawnBy && t('viewer.drawing.now', { by: t(`viewer.drawing.${drawnBy}`) })}
        mt="lg"
      >
        <SegmentedControl
          aria-label={t('viewer.drawing.title')}
          data={drawings.map((value) => ({ value, label: t(`viewer.drawing.${value}`) }))}
          value={drawing}
          onChange={onDrawing}
          fullWidth
          mt="xs"
        />
      </Input.Wrapper>
    </Modal>
  )
}
