import type { Logger } from '@instandt/runtime'
import { passingToken } from '@instandt/backend'
import { demoInspections } from '@instandt/testkit/files'
import type { Standalone } from './start-standalone.ts'

/** Stores the made-up inspections through the front door; those already there stay as they are. */
export async function loadDemo({ url, backend }: Standalone, log: Logger): Promise<void> {
  const { token, revoke } = await passingToken(backend.deps, 'made-up inspections')
  let count = 0
  for await (const { name, bytes } of demoInspections()) {
    const answer = await fetch(`${url}/dicom-web/studies`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/dicom',
        accept: 'application/dicom+json',
      },
      body: bytes as Uint8Array<ArrayBuffer>,
    })
    if (!answer.ok)
      throw new Error(`the made-up inspection ${name} was refused: ${answer.status} ${await answer.text()}`)
    await answer.arrayBuffer()
    count += 1
  }
  await revoke()
  log.info({ files: count }, 'made-up inspections are loaded')
}
