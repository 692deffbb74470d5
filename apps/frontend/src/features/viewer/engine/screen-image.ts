/** Whether an image has what screens need of it beside the original. */
export type ScreenImage = 'made' | 'waiting' | 'none'

/** Too large for a page as it is stored, and there is no image for screens. */
export class ScreenImageMissing extends Error {
  override readonly name = 'ScreenImageMissing'
  /** It is still to be made. */
  readonly isComing: boolean
  /** Of its samples in memory. */
  readonly bytes: number

  constructor(isComing: boolean, bytes: number) {
    super(`${bytes} bytes and no image for screens`)
    this.isComing = isComing
    this.bytes = bytes
  }
}
