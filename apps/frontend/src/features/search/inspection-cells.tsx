import { type Inspection, studyUrl, thumbnailUrl } from '@instandt/api'
import { Badge, Checkbox, Tooltip, VisuallyHidden } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { formatBytes, formatCount, formatDate, formatTime } from '../../ui/format.ts'
import { Thumbnail } from '../../ui/thumbnail.tsx'
import classes from './search.module.css'

/** Where the picture of an inspection is, if it has one. */
export const pictureOf = ({ hasImage, studyInstanceUid }: Inspection): string | undefined =>
  hasImage ? thumbnailUrl(studyUrl(studyInstanceUid)) : undefined

interface Choice {
  inspection: Inspection
  isChosen: boolean
  onChoose: () => void
}

/** Takes an inspection into what is downloaded together; by keys it is Space on the row. */
export function ChoiceBox({ inspection, isChosen, onChoose }: Choice) {
  const { t } = useTranslation()
  const name = inspection.componentName ?? inspection.componentNumber ?? t('search.unnamed')
  return (
    <Checkbox
      size="xs"
      tabIndex={-1}
      checked={isChosen}
      onChange={onChoose}
      aria-label={t('search.choose', { name })}
    />
  )
}

export function ComponentCell({ inspection }: { inspection: Inspection }) {
  const { t } = useTranslation()
  const below = [inspection.description, inspection.componentOwner, inspection.material].filter(Boolean).join(' · ')
  return (
    <div className={classes.component}>
      <Link
        to="/inspections/$study"
        params={{ study: inspection.studyInstanceUid }}
        className={classes.name}
        tabIndex={-1}
        title={inspection.componentName ?? undefined}
        data-unnamed={inspection.componentName ? undefined : true}
      >
        {inspection.componentName ?? t('search.unnamed')}
      </Link>
      {below ? (
        <span className={classes.below} title={below}>
          {below}
        </span>
      ) : null}
    </div>
  )
}

export function DateCell({ inspection }: { inspection: Inspection }) {
  const { t, i18n } = useTranslation()
  const date = formatDate(inspection.date, i18n.language)
  if (date === undefined) return <span className={classes.dim}>{t('search.noDate')}</span>
  return (
    <>
      {date} <span className={classes.dim}>{formatTime(inspection.time)}</span>
    </>
  )
}

export function ModalityBadges({ modalities }: { modalities: readonly string[] }) {
  const shown = modalities.length > 3 ? 2 : 3
  return (
    <span className={classes.badges}>
      {modalities.slice(0, shown).map((modality) => (
        <Badge key={modality} size="sm">
          {modality}
        </Badge>
      ))}
      {modalities.length > shown ? (
        <Badge size="sm" title={modalities.join(', ')}>
          +{modalities.length - shown}
        </Badge>
      ) : null}
    </span>
  )
}

export function DicondeMark({ isDiconde }: { isDiconde: boolean }) {
  const { t } = useTranslation()
  if (!isDiconde) return null
  return (
    <Tooltip label={t('search.dicondeMark')}>
      <span>
        <IconCheck size={18} stroke={1.6} aria-hidden className={classes.diconde} />
        <VisuallyHidden>{t('search.dicondeMark')}</VisuallyHidden>
      </span>
    </Tooltip>
  )
}

/** One inspection in a narrow window: what identifies it in two lines, its numbers in the third. */
export function InspectionCard({ inspection, isChosen, onChoose }: Choice) {
  const { t, i18n } = useTranslation()
  const identity = [inspection.componentNumber, inspection.orderNumber].filter(Boolean).join(' · ')
  return (
    <div className={classes.card}>
      <Thumbnail src={pictureOf(inspection)} size={72} />
      <div className={classes.cardLines}>
        <div className={classes.cardLine}>
          <span className={classes.cardBox}>
            <ChoiceBox inspection={inspection} isChosen={isChosen} onChoose={onChoose} />
            <Link
              to="/inspections/$study"
              params={{ study: inspection.studyInstanceUid }}
              className={classes.name}
              tabIndex={-1}
              data-unnamed={inspection.componentName ? undefined : true}
            >
              {inspection.componentName ?? t('search.unnamed')}
            </Link>
          </span>
          <DicondeMark isDiconde={inspection.isDiconde} />
        </div>
        <div className={classes.cardLine}>
          <span className={classes.cardText}>{identity || t('common.none')}</span>
          <span className={classes.cardEnd}>
            <ModalityBadges modalities={inspection.modalities} />
          </span>
        </div>
        <div className={classes.cardLine}>
          <span className={classes.cardFact}>{formatDate(inspection.date, i18n.language) ?? t('search.noDate')}</span>
          <span className={classes.cardFacts}>
            <span className={classes.cardFact}>
              {t('inspection.images', {
                count: inspection.instanceCount,
                shown: formatCount(inspection.instanceCount, i18n.language),
              })}{' '}
              · {formatBytes(inspection.byteSize, i18n.language)}
            </span>
            <span className={classes.cardFact}>
              {t('inspection.viewsCount', { count: inspection.seriesCount })}
              {' \u00b7\u00a0'}
            </span>
          </span>
        </div>
      </div>
    </div>
  )
}
