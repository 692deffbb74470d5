// Uploads and retrievals without a pause, for proofs that change something meanwhile.
import { signedFetch } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { stowFile } from './child-backend.ts'

/** Stores and reads without a pause until told to stop; keeps what failed. */
export function startLoad(url: string, lanes: number) {
  const study = uidOf('load')
  const failed: string[] = []
  let stored = 0
  let read = 0
  let isOver = false
  const lane = async (number: number): Promise<void> => {
    for (let index = 0; !isOver && index < 100_000; index += 1) {
      const uid = uidOf('load', number, index)
      const file = buildInstance({
        studyInstanceUid: study,
        seriesInstanceUid: uidOf('load', number),
        sopInstanceUid: uid,
        image: { rows: 32, columns: 32 },
      })
      const answer = await stowFile(url, file)
      if (answer?.status === 200) stored += 1
      else failed.push(`upload: ${answer?.status} ${answer?.text}`)
      const back = await signedFetch(
        `${url}/dicom-web/studies/${study}/series/${uidOf('load', number)}/instances/${uid}`,
        {
          headers: { accept: 'application/dicom; transfer-syntax=*' },
        },
      ).catch((error: unknown) => String(error))
      if (typeof back !== 'string' && back.status === 200 && (await back.arrayBuffer()).byteLength === file.length)
        read += 1
      else failed.push(`retrieval: ${typeof back === 'string' ? back : back.status}`)
    }
  }
  const running = Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  return {
    /** Waits for so many more requests of each kind. */
    async until(more: number): Promise<void> {
      const [storedBefore, readBefore] = [stored, read]
      const deadline = Date.now() + 60_000
      while ((stored < storedBefore + more || read < readBefore + more) && failed.length === 0 && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20))
    },
    async stop() {
      isOver = true
      await running
      return { stored, read, failed }
    },
  }
}
