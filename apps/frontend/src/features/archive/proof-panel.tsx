import type { History } from '@instandt/api'
import { Alert, Button, Progress, Text } from '@mantine/core'
import { IconAlertTriangle, IconShieldCheck, IconShieldQuestion } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { historyQuery } from '../../api/archive-queries.ts'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatCount } from '../../ui/format.ts'
import classes from './archive.module.css'
import { proofWords, stateOfProof } from './proof-words.ts'

/** When the stored bytes were last read again and found right. */
export function ProofPanel({ study, proof, mayAsk }: { study: string; proof: History['proof']; mayAsk: boolean }) {
  const { t, i18n } = useTranslation()
  const queries = useQueryClient()
  const { isBusy, fault, submit } = useSubmit(
    () => client.proveInspection(study),
    () => queries.invalidateQueries(historyQuery(study)),
  )
  const state = stateOfProof(proof)
  const words = proofWords(t, proof, i18n.language)
  const [Icon, colour] =
    state === 'fault'
      ? [IconAlertTriangle, 'var(--mantine-color-red-6)']
      : state === 'proven'
        ? [IconShieldCheck, 'var(--mantine-primary-color-filled)']
        : [IconShieldQuestion, 'var(--mantine-color-dimmed)']
  return (
    <section className={classes.proof} aria-label={t('archive.proof.title')}>
      <Icon size={22} stroke={1.5} className={classes.proofIcon} color={colour} aria-hidden />
      <div className={classes.proofText}>
        <Text size="sm" fw={600} role={state === 'fault' ? 'alert' : undefined}>
          {state === 'proven'
            ? t('archive.proof.proven', { at: words })
            : state === 'never'
              ? t('archive.fixity.nothing')
              : words}
        </Text>
        <Text size="xs" c="dimmed">
          {state === 'fault'
            ? t('archive.proof.faultDetail')
            : t('archive.proof.detail', {
                count: proof.objectCount,
                shown: formatCount(proof.objectCount, i18n.language),
              })}
        </Text>
        {proof.isRunning ? <Progress value={100} size="xs" animated aria-label={t('archive.proof.running')} /> : null}
        <FormFault words={fault} />
      </div>
      {mayAsk ? (
        <Button
          variant="default"
          size="xs"
          loading={isBusy}
          disabled={proof.isRunning}
          onClick={() => submit()}
          style={{ flex: 'none', alignSelf: 'start' }}
        >
          {proof.isRunning ? t('archive.proof.running') : t('archive.proof.ask')}
        </Button>
      ) : null}
    </section>
  )
}

/** On the inspection's own page: some of its bytes are wrong. */
export function FaultNotice({ proof }: { proof: History['proof'] }) {
  const { t, i18n } = useTranslation()
  return (
    <Alert mt="sm" color="red" variant="light" icon={<IconAlertTriangle />} title={proofWords(t, proof, i18n.language)}>
      {t('archive.proof.faultDetail')}
    </Alert>
  )
}
