import type { HashAnswer } from './hash.worker.ts'

/**
 * SHA-256 of a file in hexadecimal, off the page's thread. Undefined where it cannot be had, or nobody wants it any more: what
 * cannot be read is told by the sending; without a hash an upload is only not found again after a reload.
 */
export async function hashFile(
  file: File,
  onRead: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (signal.aborted) return undefined
  const worker = new Worker(new URL('./hash.worker.ts', import.meta.url), { type: 'module' })
  const hashing = new Promise<string | undefined>((resolve) => {
    worker.addEventListener('message', ({ data }: MessageEvent<HashAnswer>) => {
      if ('read' in data) onRead(data.read)
      else resolve(data.sha256)
    })
    worker.addEventListener('error', () => resolve(undefined))
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
    worker.postMessage(file)
  })
  return hashing.finally(() => worker.terminate())
}
