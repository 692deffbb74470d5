import { answerDecodeTask, buffersOf, type WorkerAnswer, type WorkerTask } from './decode-task.ts'
import { createWorkerCodecs } from './worker-codecs.ts'

const codecs = createWorkerCodecs()

async function answerTask(task: WorkerTask): Promise<WorkerAnswer> {
  if (task.kind !== 'warm') return answerDecodeTask(task, codecs)
  // What is wrong with the decoder will be met again, and told, by the first image.
  return codecs.wasm('htj2k').then(
    () => ({ isWarm: true }),
    () => ({ isWarm: false }),
  )
}

self.addEventListener('message', (event: MessageEvent<WorkerTask>) => {
  void answerTask(event.data).then((answer) => {
    self.postMessage(answer, { transfer: 'image' in answer ? buffersOf(answer.image) : [] })
  })
})
