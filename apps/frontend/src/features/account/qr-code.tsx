import { useMemo } from 'react'
import { encode } from 'uqr'

/** Always dark on light: cameras do not read the other way round. */
export function QrCode({ text }: { text: string }) {
  const { size, path } = useMemo(() => {
    const code = encode(text, { border: 3 })
    const path = code.data
      .flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
      .join('')
    return { size: code.size, path }
  }, [text])
  return (
    <svg aria-hidden viewBox={`0 0 ${size} ${size}`} width={208} height={208} style={{ alignSelf: 'center' }}>
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" shapeRendering="crispEdges" />
    </svg>
  )
}
