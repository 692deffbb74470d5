import { ApiError } from '@instandt/api'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { describeFault } from './fault.tsx'

/** One submission of a form: its state, and the words of its refusal. */
export function useSubmit<Value = void>(
  work: (value: Value) => Promise<unknown>,
  onDone?: () => unknown,
): { isBusy: boolean; fault: string | undefined; code: string | undefined; submit: (value: Value) => void } {
  const { t } = useTranslation()
  const mutation = useMutation({ mutationFn: work, onSuccess: () => onDone?.() })
  const { error } = mutation
  const words = error === null ? undefined : describeFault(t, error)
  return {
    isBusy: mutation.isPending,
    // The server's own sentence says more than our kinds of faults.
    fault: error instanceof ApiError && error.problem.status < 500 ? error.problem.detail : words?.title,
    code: error instanceof ApiError ? error.problem.code : undefined,
    submit: (value) => mutation.mutate(value),
  }
}
