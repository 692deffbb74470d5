import { type DecodedImage, PixelFault } from '@instandt/pixels'
import type { DecodeAnswer, DecodeTask } from './decode-task.ts'
import { Abandoned } from './frame-cache.ts'

interface Job {
  task: DecodeTask
  resolve: (image: DecodedImage) => void
  reject: (error: unknown) => void
  /** Jobs whose answer nobody waits for any more are not begun. */
  isWanted: () => boolean
  isUrgent: () => boolean
}

interface Slot {
  worker: Worker
  job: Job | undefined
}

export interface DecodePool {
  /** The bytes change hands and cannot be used afterwards. */
  decode(task: Omit<DecodeTask, 'id'>, isUrgent: () => boolean, isWanted: () => boolean): Promise<DecodedImage>
  close(): void
}

// One thread stays free for the page; more than four wait for memory, not for the processor.
const workerCount = (): number => Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) - 1))

/** A few worker threads, started when first needed. The image on screen is decoded before those around it. */
export function createDecodePool(): DecodePool {
  const slots: Slot[] = []
  const waiting: Job[] = []
  let nextId = 1

  function start(): Slot {
    const worker = new Worker(new URL('./decode.worker.ts', import.meta.url), { type: 'module', name: 'decode' })
    const slot: Slot = { worker, job: undefined }
    worker.addEventListener('message', (event: MessageEvent<DecodeAnswer>) => finish(slot, event.data))
    // The thread itself died, for want of memory or a program that could not be loaded: a new one for the next job.
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      worker.terminate()
      slots.splice(slots.indexOf(slot), 1)
      const reason = event.message || 'the decoder stopped'
      slot.job?.reject(new PixelFault('decode-failed', { syntax: slot.job.task.syntaxUid, reason }))
      advance()
    })
    slots.push(slot)
    return slot
  }

  function finish(slot: Slot, answer: DecodeAnswer): void {
    const { job } = slot
    slot.job = undefined
    if (job && 'image' in answer) job.resolve(answer.image)
    else if (job && 'fault' in answer) job.reject(new PixelFault(answer.fault.code, answer.fault.detail))
    else if (job && 'failure' in answer) {
      job.reject(new PixelFault('decode-failed', { syntax: job.task.syntaxUid, reason: answer.failure }))
    }
    advance()
  }

  function takeNext(): Job | undefined {
    for (;;) {
      const urgent = waiting.findIndex((job) => job.isUrgent())
      const [job] = waiting.splice(Math.max(urgent, 0), 1)
      if (!job || job.isWanted()) return job
      job.reject(new Abandoned())
    }
  }

  function advance(): void {
    for (;;) {
      const free = slots.find((slot) => slot.job === undefined)
      if (!free && slots.length >= workerCount()) return
      const job = takeNext()
      if (!job) return
      const slot = free ?? start()
      slot.job = job
      slot.worker.postMessage(job.task, [job.task.bytes.buffer])
    }
  }

  return {
    decode(task, isUrgent, isWanted) {
      return new Promise((resolve, reject) => {
        waiting.push({ task: { ...task, id: nextId++ }, resolve, reject, isUrgent, isWanted })
        advance()
      })
    },
    close() {
      for (const { worker, job } of slots) {
        worker.terminate()
        job?.reject(new Abandoned())
      }
      for (const job of waiting) job.reject(new Abandoned())
      slots.length = 0
      waiting.length = 0
    },
  }
}
