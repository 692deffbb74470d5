import { type FileOutcome, isStored, isWaiting, type UploadFile } from './upload-file.ts'

/** The same bytes chosen twice are sent once. */
export interface Twins {
  /** Whether another file with the same bytes is on its way, or stored: then this one waits for its outcome. */
  isWaiting(file: UploadFile): boolean
  /** Those that waited for this one: with their outcome, or to be sent themselves. */
  settled(file: UploadFile): { file: UploadFile; outcome: FileOutcome | undefined }[]
  clear(): void
}

export function createTwins(): Twins {
  const firsts = new Map<string, UploadFile>()
  const waiting = new Map<UploadFile, UploadFile[]>()
  const keyOf = ({ project, sha256 }: UploadFile): string => `${project} ${sha256}`

  return {
    isWaiting(file) {
      const first = firsts.get(keyOf(file))
      if (first === undefined || first === file || !isWaiting(first.state)) {
        firsts.set(keyOf(file), file)
        return false
      }
      waiting.set(first, [...(waiting.get(first) ?? []), file])
      return true
    },
    settled(file) {
      const twins = waiting.get(file) ?? []
      waiting.delete(file)
      const { studyInstanceUid, sopInstanceUid } = file
      if (isStored(file.state)) {
        return twins.map((twin) => ({
          file: twin,
          outcome: { state: 'present', studyInstanceUid, sopInstanceUid, wasKnown: true },
        }))
      }
      // The next one takes its place, and the others wait for that.
      const [next, ...others] = twins.filter(({ state }) => isWaiting(state))
      if (next === undefined) return []
      firsts.set(keyOf(file), next)
      if (others.length > 0) waiting.set(next, others)
      return [{ file: next, outcome: undefined }]
    },
    clear() {
      firsts.clear()
      waiting.clear()
    },
  }
}
