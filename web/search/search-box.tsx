/**
 * The box one types into, with what is offered below it: a combobox as the ARIA practices have it, whose focus stays in the
 * box while the arrow keys move through the list (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/).
 */
import { useEffect, useId, useState } from 'preact/hooks'
import { longDay } from '../format/dates.ts'
import { BookingsIcon, MapIcon, PersonIcon, PinIcon, SearchIcon } from '../icons.tsx'
import { type Suggestion, useSuggestions } from './suggestions.ts'

export function SearchBox({
  typed,
  type,
  choose,
}: {
  typed: string
  type: (text: string) => void
  choose: (suggestion: Suggestion) => void
}) {
  const id = useId()
  /** What suggestions are wanted for: none before somebody types, nor after one is chosen or the list is closed. */
  const [wanted, setWanted] = useState<string>()
  const [at, setAt] = useState(-1)
  const found = useSuggestions(wanted)
  const open = wanted !== undefined && found.length > 0
  const active = open ? found[at] : undefined
  useEffect(() => {
    if (at >= 0) document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, at])
  const close = () => {
    setWanted(undefined)
    setAt(-1)
  }
  const pick = (suggestion: Suggestion) => {
    close()
    choose(suggestion)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp': {
        event.preventDefault()
        if (!open) return setWanted(typed)
        // One step past either end is the box itself.
        const step = event.key === 'ArrowDown' ? 1 : -1
        const places = found.length + 1
        return setAt(((at + 1 + step + places) % places) - 1)
      }
      case 'Enter':
        // Nothing chosen: the form searches for what is typed.
        if (active === undefined) return close()
        event.preventDefault()
        return pick(active)
      case 'Escape':
        // Browsers empty the box: only once there is no list, nor one under way.
        if (wanted !== undefined) event.preventDefault()
        return close()
    }
  }
  return (
    <div class="searchbox">
      <SearchIcon />
      <input
        type="search"
        // biome-ignore lint/a11y/noRedundantRoles: without a list its own role is searchbox
        role="combobox"
        list={undefined}
        aria-label="Search events, artists, teams, venues"
        aria-autocomplete="list"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-activedescendant={active === undefined ? undefined : `${id}-${at}`}
        placeholder="Team, artist, venue or city"
        value={typed}
        onInput={event => {
          const text = event.currentTarget.value
          type(text)
          setWanted(text)
          setAt(-1)
        }}
        onKeyDown={onKeyDown}
        onBlur={close}
        autocomplete="off"
        autocorrect="off"
        spellcheck={false}
        enterkeyhint="search"
        maxLength={200}
        data-testid="search"
      />
      <div class="suggestions" id={`${id}-list`} role="listbox" aria-label="Suggestions" hidden={!open}>
        {found.map((suggestion, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: keys and focus are the box's
          <div
            key={`${suggestion.kind} ${keyOf(suggestion)}`}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            // The focus stays in the box.
            onPointerDown={event => event.preventDefault()}
            onClick={() => pick(suggestion)}
            data-testid="suggestion"
          >
            <Offer suggestion={suggestion} />
          </div>
        ))}
      </div>
      <span class="visually-hidden" role="status">
        {open ? `${found.length} ${found.length === 1 ? 'suggestion' : 'suggestions'}` : ''}
      </span>
    </div>
  )
}

/** A play stands there once for each of its evenings: a name alone is no key. */
function keyOf(suggestion: Suggestion): string {
  switch (suggestion.kind) {
    case 'performer':
      return suggestion.performerId
    case 'city':
      return `${suggestion.name}, ${suggestion.country}`
    case 'venue':
      return suggestion.venueId
    case 'event':
      return suggestion.eventId
    default:
      return suggestion satisfies never
  }
}

function Offer({ suggestion }: { suggestion: Suggestion }) {
  const [icon, beside] = besideOf(suggestion)
  return (
    <>
      {icon}
      <span class="offer-name">{suggestion.name}</span>
      <span class="soft">{beside}</span>
    </>
  )
}

function besideOf(suggestion: Suggestion) {
  switch (suggestion.kind) {
    case 'performer':
      return [<PersonIcon key="icon" />, eventsWords(suggestion.events)] as const
    case 'city':
      return [<PinIcon key="icon" />, `City · ${eventsWords(suggestion.events)}`] as const
    case 'venue':
      return [<MapIcon key="icon" />, `Venue · ${suggestion.city}`] as const
    case 'event': {
      const { startsAt, timeZone, city } = suggestion
      return [<BookingsIcon key="icon" />, `${longDay(startsAt, timeZone)} · ${city}`] as const
    }
    default:
      return suggestion satisfies never
  }
}

function eventsWords(events: number): string {
  return `${events.toLocaleString('en')} ${events === 1 ? 'event' : 'events'}`
}
