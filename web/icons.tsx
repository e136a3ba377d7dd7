/** Pictures of the pages, drawn in the text's own colour; all of them are decoration, told to readers in words beside. */
import type { ComponentChildren } from 'preact'

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  )
}

export function Wordmark() {
  return (
    <svg class="wordmark" viewBox="0 0 30 20" aria-hidden="true">
      <path d="M1 2h28v5.2a2.9 2.9 0 0 0 0 5.6V18H1v-5.2a2.9 2.9 0 0 0 0-5.6z" fill="var(--brand)" />
      <path d="M20 4.5v11" stroke="var(--surface)" stroke-width="1.8" stroke-dasharray="2.2 2.2" />
    </svg>
  )
}

export const SearchIcon = () => (
  <Icon>
    <circle cx="11" cy="11" r="6.5" />
    <path d="m16 16 4.5 4.5" />
  </Icon>
)
export const BookingsIcon = () => (
  <Icon>
    <path d="M3 7h18v3.2a1.9 1.9 0 0 0 0 3.6V17H3v-3.2a1.9 1.9 0 0 0 0-3.6z" />
    <path d="M15 7v10" stroke-dasharray="2 2" />
  </Icon>
)
export const PinIcon = () => (
  <Icon>
    <path d="M12 21c4.5-4.8 6.8-8.3 6.8-11.2A6.8 6.8 0 0 0 5.2 9.8C5.2 12.7 7.5 16.2 12 21z" />
    <circle cx="12" cy="9.8" r="2.3" />
  </Icon>
)
export const ClockIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 7v5.200l3.2 2" />
  </Icon>
)
export const FilterIcon = () => (
  <Icon>
    <path d="M4 7h10M18 7h2M4 17h2M10 17h10" />
    <circle cx="16" cy="7" r="2.2" />
    <circle cx="8" cy="17" r="2.2" />
  </Icon>
)
export const CloseIcon = () => (
  <Icon>
    <path d="M6 6l12 12M18 6 6 18" />
  </Icon>
)
export const CheckIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.500L19 7.5" />
  </Icon>
)
export const PlusIcon = () => (
  <Icon>
    <path d="M12 5v14M5 12h14" />
  </Icon>
)
export const MinusIcon = () => (
  <Icon>
    <path d="M5 12h14" />
  </Icon>
)
export const WholeIcon = () => (
  <Icon>
    <path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />
  </Icon>
)
export const MapIcon = () => (
  <Icon>
    <path d="M4 8c5-3.5 11-3.5 16 0M5 13c4.5-3 9.5-3 14 0M7 18c3-2 7-2 10 0" />
  </Icon>
)
export const ListIcon = () => (
  <Icon>
    <path d="M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01" />
  </Icon>
)
export const ShieldIcon = () => (
  <Icon>
    <path d="M12 3.5 19 6v5.500c0 4.2-2.8 7.3-7 9-4.2-1.7-7-4.8-7-9V6z" />
    <path d="m9 12 2.2 2.200L15.2 10" />
  </Icon>
)
export const PersonIcon = () => (
  <Icon>
    <circle cx="12" cy="8" r="3.6" />
    <path d="M5 20c.8-3.800 3.500-5.600 7-5.600s6.200 1.800 7 5.600" />
  </Icon>
)
export const FlameIcon = () => (
  <Icon>
    <path d="M12 3c.6 3.6 5.8 5.700 5.800 11a5.800 5.800 0 0 1-11.600 0c0-2.300 1.200-3.900 2.600-5.200.2 1.700.9 2.700 1.900 3.200C10.300 9 10.600 5.700 12 3z" />
  </Icon>
)
export const FootballIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="m12 8.2 3.6 2.6-1.4 4.200H9.800l-1.4-4.200zM12 8.200V3.600M15.6 10.800l4.4-1.400M14.2 15l2.7 3.700M9.8 15l-2.7 3.700M8.4 10.8 4 9.4" />
  </Icon>
)
export const ConcertIcon = () => (
  <Icon>
    <path d="M9 17.500V6l10-2v11.5" />
    <circle cx="6.5" cy="17.5" r="2.5" />
    <circle cx="16.5" cy="15.5" r="2.5" />
  </Icon>
)
export const TheatreIcon = () => (
  <Icon>
    <path d="M4 5c2.7 1 5.3 1 8 0v6.500a4 4 0 0 1-8 0zM6.5 9h.01M9.5 9h.01M6.3 12.200c1.1.9 2.3.9 3.4 0" />
    <path d="M14.5 8.800c1.9.5 3.7.4 5.5-.3V15a4 4 0 0 1-7.4 2.100M15.6 16.200c1-.9 2-.9 3 0" />
  </Icon>
)

export function TypeIcon({ type }: { type: string }) {
  if (type === 'football') return <FootballIcon />
  return type === 'concert' ? <ConcertIcon /> : <TheatreIcon />
}
