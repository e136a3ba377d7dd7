/** The map's colours, taken from the page's custom properties, so that light and dark are decided in one place. */

export interface MapTheme {
  dark: boolean
  ground: string
  section: string
  line: string
  ink: string
  muted: string
  /** Seats that cannot be had. */
  gone: string
  held: string
  chosen: string
  onChosen: string
  mine: string
  onMine: string
  focus: string
  font: string
}

export function readTheme(element: Element): MapTheme {
  const style = getComputedStyle(element)
  const value = (name: string) => style.getPropertyValue(`--map-${name}`).trim()
  return {
    dark: value('dark') === '1',
    ground: value('ground'),
    section: value('section'),
    line: value('line'),
    ink: value('ink'),
    muted: value('muted'),
    gone: value('gone'),
    held: value('held'),
    chosen: value('chosen'),
    onChosen: value('on-chosen'),
    mine: value('mine'),
    onMine: value('on-mine'),
    focus: value('focus'),
    font: style.fontFamily || 'sans-serif',
  }
}

/** A map's colour as it stands on this ground: on dark, a dark colour is lifted. Anything but #rrggbb stays. */
export function tone(colour: string, dark: boolean): string {
  const parts = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour)
  if (!dark || parts === null) return colour
  const lifted = parts.slice(1).map(hex => Math.round(Number.parseInt(hex, 16) * 0.74 + 255 * 0.26))
  return `rgb(${lifted.join(' ')})`
}
