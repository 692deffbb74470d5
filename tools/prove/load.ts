// Uploads, searches and retrievals without a pause, for proofs that change something meanwhile.
import { signedFetch } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { stowFile } from './child-backend.ts'

/** Works without a pause until told to stop; whatever is not answered as it should be is kept as a failure. */
export function startLoad(url: string, lanes: number) {
  const study = uidOf('load')
  const failed: string[] = []
  const done = { stored: 0, read: 0, searched: 0, frames: 0 }
  let isOver = false
  /** Counts an answer as good or keeps what was wrong with it. */
  const ask = async (kind: keyof typeof done, path: string, accept: string, isGood: (body: Buffer) => boolean) => {
    try {
      const answer = await signedFetch(`${url}/dicom-web${path}`, {
        headers: { accept },
        signal: AbortSignal.timeout(60_000),
      })
      const body = Buffer.from(await answer.arrayBuffer())
      if (answer.status === 200 && isGood(body)) done[kind] += 1
      else failed.push(`${kind}: ${answer.status}, ${body.length} bytes`)
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : ''
      failed.push(`${kind}: ${String(error)}${cause}`)
    }
  }
  const lane = async (number: number): Promise<void> => {
    const series = uidOf('load', number)
    for (let index = 0; !isOver && index < 100_000; index += 1) {
      const uid = uidOf('load', number, index)
      const file = buildInstance({
        studyInstanceUid: study,
        seriesInstanceUid: series,
        sopInstanceUid: uid,
        image: { rows: 32, columns: 32 },
      })
      const answer = await stowFile(url, file)
      if (answer?.status === 200) done.stored += 1
      else failed.push(`stored: ${answer?.status ?? 'no answer'} ${answer?.text ?? ''}`)
      const address = `/studies/${study}/series/${series}/instances/${uid}`
      await Promise.all([
        ask('read', address, 'application/dicom; transfer-syntax=*', (body) => body.length === file.length),
        ask(
          'frames',
          `${address}/frames/1`,
          'multipart/related; type="application/octet-stream"',
          (body) => body.length > 32 * 32,
        ),
        ask('searched', `/instances?SOPInstanceUID=${uid}&limit=1`, 'application/dicom+json', (body) =>
          body.includes(uid),
        ),
      ])
    }
  }
  const running = Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  return {
    /** Waits for so many more uploads and retrievals. */
    async until(more: number): Promise<void> {
      const before = { ...done }
      const deadline = Date.now() + 60_000
      const isEnough = (): boolean => done.stored >= before.stored + more && done.read >= before.read + more
      while (!isEnough() && failed.length === 0 && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20))
    },
    async stop() {
      isOver = true
      await running
      return { ...done, failed }
    },
  }
}
