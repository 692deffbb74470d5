import { answerDecodeTask, buffersOf, type DecodeTask } from './decode-task.ts'
import { createWorkerCodecs } from './worker-codecs.ts'

const codecs = createWorkerCodecs()

self.addEventListener('message', (event: MessageEvent<DecodeTask>) => {
  void answerDecodeTask(event.data, codecs).then((answer) => {
    self.postMessage(answer, { transfer: 'image' in answer ? buffersOf(answer.image) : [] })
  })
})
