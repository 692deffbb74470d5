// For tests: uploads that end when the test says so.
import type { NewUpload, RunningUpload, Upload, UploadProgress } from '@instandt/api'
import type { ConvertDeps } from './convert-queue.ts'

export interface Begun {
  name: string
  id: string | undefined
  sha256: string | undefined
  content: NewUpload['content']
  tell: (progress: Partial<UploadProgress>) => void
  end: (upload: Upload) => void
  fail: (error: unknown) => void
  drops: number
  cancels: number
  resumes: number
}

/** `isInTime`: what a drop comes to. */
export function watchedUploads(isInTime = true): { begun: Begun[]; start: ConvertDeps['start'] } {
  const begun: Begun[] = []
  return {
    begun,
    start(source, file, id, onChange): RunningUpload {
      const { promise, resolve, reject } = Promise.withResolvers<Upload>()
      let progress = {
        phase: 'sending',
        id: 'u',
        byteSize: source.size,
        sentBytes: 0,
        readBytes: 0,
      } as UploadProgress
      const one: Begun = {
        name: file.name,
        id,
        sha256: file.sha256,
        content: file.content,
        tell(more) {
          progress = { ...progress, ...more }
          onChange(progress)
        },
        end: resolve,
        fail: reject,
        drops: 0,
        cancels: 0,
        resumes: 0,
      }
      begun.push(one)
      return {
        done: promise,
        progress: () => progress,
        pause() {},
        resume() {
          one.resumes += 1
        },
        cancel() {
          one.cancels += 1
        },
        async drop() {
          one.drops += 1
          if (isInTime) reject(new DOMException('cancelled', 'AbortError'))
          return isInTime
        },
      }
    },
  }
}

export const storedAs = (objectCount: number): Upload =>
  ({ outcome: { kind: 'stored', studyInstanceUid: '1.2', objectCount } }) as unknown as Upload

/** Long enough for what does not wait for anybody. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))
