import { type Intake, IntakeError } from './intake-pool.ts'
import { doIntake, faultOf, type IntakeTask } from './intake-task.ts'

/** The worker's own work, done in this thread. */
export function intakeHere(): Intake {
  let next = 0
  const ask = (task: IntakeTask, onRead: (bytes: number) => void = () => undefined) =>
    doIntake(task, onRead).catch((error: unknown) => {
      throw new IntakeError(faultOf(error))
    })
  return {
    inspect: (blob, path, onRead) => ask({ do: 'file', blob, path }, onRead),
    async open(blob, most) {
      const archive = next++
      return { archive, result: await ask({ do: 'open', archive, blob, most }) }
    },
    unpack: (archive, index, path, onRead) => ask({ do: 'entry', archive, index, path, folder: 'tests' }, onRead),
    close: (archive) => void ask({ do: 'close', archive }),
    release: () => undefined,
    end: () => undefined,
  }
}
