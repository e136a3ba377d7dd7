/** A modelled club where everybody stands: a floor for 1,000 before the stage, and a gallery for 200 behind it. */
import { layOut } from '../../../shared/seats/lay-out.ts'
import type { SeatMap } from '../../../shared/seats/seat-map.ts'

export function club(): SeatMap {
  return layOut({
    name: 'Club',
    stage: 'Stage',
    categories: [
      { id: 'floor', name: 'Floor', colour: '#a8447f' },
      { id: 'gallery', name: 'Gallery', colour: '#2563a8' },
    ],
    sections: [],
    areas: [
      { id: 'floor', name: 'Floor', side: 'centre', behind: false, category: 'floor', capacity: 1_000 },
      { id: 'gallery', name: 'Gallery', side: 'centre', behind: true, category: 'gallery', capacity: 200 },
    ],
  })
}
