/** The geometry of an event's house: asked for once; undefined while it loads. */
import { useEffect, useState } from 'preact/hooks'
import type { SeatMap } from '../../shared/seats/seat-map.ts'
import { useShop } from '../shop.ts'

export function useSeatMap(path: string | undefined): SeatMap | Error | undefined {
  const shop = useShop()
  const [map, setMap] = useState<SeatMap | Error>()
  useEffect(() => {
    let current = true
    if (path === undefined) return
    shop
      .ask(() => shop.onsale.events.map<SeatMap>(path))
      .then(found => current && setMap(found))
      .catch((error: unknown) => current && setMap(error instanceof Error ? error : new Error(String(error))))
    return () => {
      current = false
    }
  }, [shop, path])
  return map
}
