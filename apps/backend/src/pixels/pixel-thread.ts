// One thread for pixels; pixel-pool.ts starts it.
import os from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { createEncoders, PixelFault } from '@instandt/pixels'
import { createNodeCodecs } from '@instandt/pixels/node'
import { buffersOf, handlers } from './pixel-tasks.ts'
import type { PixelAnswer, PixelMessage } from './pixel-pool.ts'

const port = parentPort
if (!port) throw new Error('pixel-thread.ts runs in a thread only')
// On Linux a thread has a priority of its own; elsewhere this would be the whole server's.
if ((workerData as { isLow: boolean }).isLow && process.platform === 'linux')
  os.setPriority(0, os.constants.priority.PRIORITY_LOW)

const codecs = createNodeCodecs()
const encoders = createEncoders()

async function answerTo({ kind, input }: PixelMessage): Promise<PixelAnswer> {
  try {
    return { output: await handlers[kind](input as never, codecs, encoders) }
  } catch (error) {
    if (error instanceof PixelFault) return { fault: { code: error.code, detail: error.detail } }
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

port.on('message', (message: PixelMessage) => {
  void answerTo(message).then((answer) => port.postMessage(answer, 'output' in answer ? buffersOf(answer.output) : []))
})
