// The thread that decodes JPEG streams; run-decoder.ts starts it. What is not the stream's fault ends it.
import { parentPort } from 'node:worker_threads'
import createModule from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs'
import type { DecodeAnswer, DecodeTask } from './run-decoder.ts'

const port = parentPort
if (!port) throw new Error('decode-thread.ts runs in a thread only')
const { JPEGDecoder } = await createModule({ print: () => undefined, printErr: () => undefined })

function decode({ stream, columns, rows, samples }: DecodeTask): DecodeAnswer {
  const decoder = new JPEGDecoder()
  try {
    decoder.getEncodedBuffer(stream.length).set(stream)
    decoder.decode()
    const { width, height, componentCount } = decoder.getFrameInfo()
    const pixels = decoder.getDecodedBuffer()
    const length = columns * rows * samples
    if (width !== columns || height !== rows || componentCount !== samples || pixels.length < length)
      return { fault: 'other-sides' }
    // A view of the program's memory, and of another kind for some builds.
    return { pixels: Uint8Array.from(pixels.subarray(0, length)) }
  } catch (error) {
    // An exception of the C++ program comes as its address; memory that is not there as an error of WebAssembly.
    if (typeof error === 'number') return { fault: 'undecodable' }
    throw error
  } finally {
    decoder.delete()
  }
}

port.on('message', (task: DecodeTask) => {
  const answer = decode(task)
  port.postMessage(answer, 'pixels' in answer ? [answer.pixels.buffer] : [])
})
