import { doIntake, faultOf, type IntakeAnswer, type IntakeTask } from './intake-task.ts'

/** Between two words about how far a large file is. */
const wordMs = 200

self.addEventListener('message', (event: MessageEvent<{ id: number; task: IntakeTask }>) => {
  const { id, task } = event.data
  const answer = (words: IntakeAnswer): void => self.postMessage({ id, ...words })
  let lastWord = Date.now()
  const onRead = (read: number): void => {
    if (Date.now() - lastWord < wordMs) return
    lastWord = Date.now()
    answer({ read })
  }
  doIntake(task, onRead).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ fault: faultOf(error) }),
  )
})
