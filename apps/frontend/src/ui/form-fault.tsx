import { Alert } from '@mantine/core'

/** Why a form was not taken; its place is kept, so that nothing jumps. */
export function FormFault({ words }: { words: string | undefined }) {
  return (
    <div role="alert" aria-live="polite">
      {words === undefined ? null : (
        <Alert color="red" variant="light" p="xs">
          {words}
        </Alert>
      )}
    </div>
  )
}
