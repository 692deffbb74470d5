import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFrame } from './decode-frame.ts'
import { createNodeCodecs } from './node.ts'
import { PixelFault } from './pixel-fault.ts'
import { compareSharedFiles, missingFiles, sha256Of } from './shared-files.fixture.ts'

test(
  'every shared file is decoded in Node to the stored values other programs find',
  { skip: missingFiles },
  async () => {
    const codecs = createNodeCodecs()
    const { files, wrong } = await compareSharedFiles(async (file, format, frame) => {
      try {
        const { stored } = await decodeFrame(await file.frame(frame), file.frameSyntaxUid, format, codecs)
        let sum = 0
        for (const value of stored) sum += value
        return { sha256: sha256Of(stored), mean: sum / stored.length }
      } catch (error) {
        if (error instanceof PixelFault) return { fault: error.message }
        throw error
      }
    })
    assert.deepEqual(wrong, [])
    assert.ok(files > 300, `only ${files} files were looked at`)
  },
)
