import { answerDecodeTask, buffersOf, type WorkerAnswer, type WorkerTask } from './decode-task.ts'
import { createWorkerCodecs } from './worker-codecs.ts'

const codecs = createWorkerCodecs()

async function answerTask(task: WorkerTask): Promise<WorkerAnswer> {
  if (task.kind !== 'warm') return answerDecodeTask(task, codecs)
  await codecs.wasm('htj2k')
  return { isWarm: true }
}

self.addEventListener('message', (event: MessageEvent<WorkerTask>) => {
  void answerTask(event.data).then(
    (answer) => self.postMessage(answer, { transfer: 'image' in answer ? buffersOf(answer.image) : [] }),
    // A decoder that cannot be loaded ends the thread: browsers remember what they could not import.
    (error: unknown) =>
      setTimeout(() => {
        throw error
      }),
  )
})
