import type { IntakeAnswer, IntakeFault, IntakeResult, IntakeTask } from './intake-task.ts'
import { folderOfTab, removeUnpacked } from './unpacked-folder.ts'

/** The file, or its archive, cannot be read; or what reads it is not there. */
export class IntakeError extends Error {
  readonly fault: IntakeFault

  constructor(fault: IntakeFault) {
    super(`The file cannot be read: ${fault}.`)
    this.name = 'IntakeError'
    this.fault = fault
  }
}

/** Looks into files and archives off the page's thread. All but `close` and `release` throw IntakeError. */
export interface Intake {
  inspect(blob: Blob, path: string, onRead: (bytes: number) => void): Promise<IntakeResult>
  /** Opens an archive; its number. */
  open(blob: Blob, most: number): Promise<{ archive: number; result: IntakeResult }>
  unpack(archive: number, index: number, path: string, onRead: (bytes: number) => void): Promise<IntakeResult>
  close(archive: number): void
  /** The unpacked bytes are needed no more. */
  release(name: string): void
  /** Reads no further; what was asked for gets no answer. */
  end(): void
}

/** Reading a disk and hashing overlap with two; more would be in the way of sending. */
const workerCount = 2

interface Waiting {
  resolve: (result: IntakeResult) => void
  reject: (error: Error) => void
  onRead: (bytes: number) => void
}

export function createIntake(): Intake {
  const workers: (IntakeWorker | undefined)[] = []
  let nextArchive = 0
  let nextFile = 0

  const ask = (number: number, task: IntakeTask, onRead: (bytes: number) => void = () => undefined) => {
    const place = number % workerCount
    const gone = (): void => {
      workers[place] = undefined
    }
    return (workers[place] ??= startWorker(gone)).ask(task, onRead)
  }

  return {
    inspect: (blob, path, onRead) => ask(nextFile++, { do: 'file', blob, path }, onRead),
    async open(blob, most) {
      const archive = nextArchive++
      return { archive, result: await ask(archive, { do: 'open', archive, blob, most }) }
    },
    // An archive stays with the worker that has its table of contents.
    unpack: async (archive, index, path, onRead) =>
      ask(archive, { do: 'entry', archive, index, path, folder: await folderOfTab() }, onRead),
    close: (archive) => void ask(archive, { do: 'close', archive }).catch(() => undefined),
    release: (name) => void removeUnpacked(name),
    end: () => {
      for (const worker of workers) worker?.end()
    },
  }
}

interface IntakeWorker {
  ask: (task: IntakeTask, onRead: (bytes: number) => void) => Promise<IntakeResult>
  end: () => void
}

/** @param onGone it answers no more, and the next task needs another one */
function startWorker(onGone: () => void): IntakeWorker {
  const worker = new Worker(new URL('./intake.worker.ts', import.meta.url), { type: 'module' })
  const waiting = new Map<number, Waiting>()
  let nextId = 0
  worker.addEventListener('message', (event: MessageEvent<IntakeAnswer & { id: number }>) => {
    const { id, ...answer } = event.data
    const one = waiting.get(id)
    if (one === undefined) return
    if ('read' in answer) return one.onRead(answer.read)
    waiting.delete(id)
    if ('result' in answer) one.resolve(answer.result)
    else one.reject(new IntakeError(answer.fault))
  })
  // The script could not be loaded, as after a new version was brought in, or the worker was ended for lack of memory.
  worker.addEventListener('error', () => {
    onGone()
    worker.terminate()
    for (const one of waiting.values()) one.reject(new IntakeError('notLoaded'))
    waiting.clear()
  })
  return {
    ask: (task, onRead) =>
      new Promise((resolve, reject) => {
        const id = nextId++
        waiting.set(id, { resolve, reject, onRead })
        worker.postMessage({ id, task })
      }),
    end: () => worker.terminate(),
  }
}
