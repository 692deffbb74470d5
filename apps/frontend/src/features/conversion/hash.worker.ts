import { hashBlob } from '../../hash-blob.ts'

export type HashAnswer = { read: number } | { sha256: string | undefined }

self.addEventListener('message', (event: MessageEvent<Blob>) => {
  const answer = (words: HashAnswer): void => self.postMessage(words)
  hashBlob(event.data, (read) => answer({ read })).then(
    (sha256) => answer({ sha256 }),
    () => answer({ sha256: undefined }),
  )
})
