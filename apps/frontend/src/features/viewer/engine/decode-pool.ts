import {
  createThreadPool,
  type DecodedImage,
  JobTooSlow,
  PixelFault,
  type PixelFormat,
  sampleCount,
  ThreadFailure,
} from '@instandt/pixels'
import type { DecodeTask, WorkerAnswer, WorkerTask } from './decode-task.ts'
import { Abandoned } from './frame-cache.ts'

/** The program that decodes could not be loaded, or ended: nothing is said about the image. */
export class DecoderMissing extends Error {
  override readonly name = 'DecoderMissing'
}

export interface DecodePool {
  /**
   * The bytes change hands and cannot be used afterwards.
   * @throws {PixelFault} what is wrong with them, 'too-slow' when they were not decoded in time
   * @throws {DecoderMissing} asking again may help
   */
  decode(task: DecodeTask, isUrgent: () => boolean, isWanted: () => boolean): Promise<DecodedImage>
  /** Starts one thread with the decoder of tiles, while the first of them is on its way. */
  warm(): void
  close(): void
}

// One thread stays free for the page; more than four wait for memory, not for the processor.
const workerCount = (): number => Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) - 1))

// The first frame waits for its decoder, too, which may come over a slow line.
const defaultMs = 120_000
const samplesOfTime = 32 * 1024 * 1024

/** A few worker threads, started when first needed. The image on screen is decoded before those around it. */
export function createDecodePool(baseMs = defaultMs): DecodePool {
  const timeFor = (format: PixelFormat): number => baseMs * (1 + sampleCount(format) / samplesOfTime)

  const pool = createThreadPool<WorkerTask, WorkerAnswer>({
    count: workerCount,
    start({ answer, failure }) {
      const worker = new Worker(new URL('./decode.worker.ts', import.meta.url), { type: 'module', name: 'decode' })
      worker.addEventListener('message', (event: MessageEvent<WorkerAnswer>) => answer(event.data))
      worker.addEventListener('error', (event) => {
        event.preventDefault()
        failure(event.message || 'the decoder stopped')
      })
      return { post: (task, transfer) => worker.postMessage(task, transfer), stop: () => worker.terminate() }
    },
  })

  return {
    async decode(task, isUrgent, isWanted) {
      const unwanted = () => (isWanted() ? undefined : new Abandoned())
      const failed = (reason: string) =>
        new PixelFault('decode-failed', { syntax: task.kind === 'frame' ? task.syntaxUid : 'HTJ2K', reason })
      const answer = await pool
        .run(task, { transfer: [task.bytes.buffer], isUrgent, unwanted, mostMs: timeFor(task.format) })
        .catch((error: unknown) => {
          if (error instanceof JobTooSlow) throw new PixelFault('too-slow', { seconds: error.seconds })
          throw error instanceof ThreadFailure ? new DecoderMissing(error.message) : error
        })
      if ('image' in answer) return answer.image
      if ('fault' in answer) throw new PixelFault(answer.fault.code, answer.fault.detail)
      throw failed('failure' in answer ? answer.failure : 'no image')
    },
    warm() {
      pool.run({ kind: 'warm' }, { mostMs: baseMs }).catch(() => undefined)
    },
    close: () => pool.close(new Abandoned()),
  }
}
