import type { History } from '@instandt/api'
import type { TFunction } from 'i18next'
import { formatCount, formatInstant } from '../../ui/format.ts'

export type ProofState = 'fault' | 'proven' | 'partly' | 'never'

export function stateOfProof({ faultCount, provenAt, provenCount }: History['proof']): ProofState {
  if (faultCount > 0) return 'fault'
  if (provenAt !== null) return 'proven'
  return provenCount > 0 ? 'partly' : 'never'
}

/** How the stored bytes are, in a few words. */
export function proofWords(t: TFunction, proof: History['proof'], language: string): string {
  const state = stateOfProof(proof)
  if (state === 'fault')
    return t('archive.proof.fault', { count: proof.faultCount, shown: formatCount(proof.faultCount, language) })
  if (state === 'proven') return formatInstant(proof.provenAt ?? '', language)
  return state === 'never'
    ? t('archive.proof.never')
    : t('archive.proof.partly', {
        proven: formatCount(proof.provenCount, language),
        all: formatCount(proof.objectCount, language),
      })
}
