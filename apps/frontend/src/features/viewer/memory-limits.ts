const mebibyte = 1024 * 1024
/** Bytes kept of frames and of tiles in full resolution, and of one frame that is shown without tiles: that takes four times as many. */
const memory = { maxBytes: 352 * mebibyte, maxTileBytes: 128 * mebibyte, maxWholeBytes: 128 * mebibyte }
const smallDeviceMemory = { maxBytes: 112 * mebibyte, maxTileBytes: 48 * mebibyte, maxWholeBytes: 64 * mebibyte }

export function memoryLimits(): typeof memory {
  const { deviceMemory } = navigator as Navigator & { deviceMemory?: number }
  return deviceMemory !== undefined && deviceMemory <= 4 ? smallDeviceMemory : memory
}
