import { useEffect, useState } from 'react'

/** True once something has lasted for a moment: what is quick needs no sign. */
export function useIsSlow(isGoing: boolean): boolean {
  const [isSlow, setIsSlow] = useState(false)
  useEffect(() => {
    if (!isGoing) return
    const timer = setTimeout(() => setIsSlow(true), 200)
    return () => {
      clearTimeout(timer)
      setIsSlow(false)
    }
  }, [isGoing])
  return isGoing && isSlow
}
