/** The frame around every page: header, demo banner, notices, and which page stands at which address. */

import { useState } from 'preact/hooks'
import { useArrival } from './arrival.ts'
import { BookingsIcon, SearchIcon, Wordmark } from './icons.tsx'
import { Notices } from './notices.tsx'
import { NotFound } from './page-states.tsx'
import { LocationProvider, lazy, Route, Router } from './routes.ts'
import { SearchPage } from './search/search-page.tsx'
import { type Shop, ShopContext } from './shop.ts'

const EventPage = lazy(() => import('./event/event-page.tsx').then(module => module.EventPage))
const CheckoutPage = lazy(() => import('./checkout/checkout-page.tsx').then(module => module.CheckoutPage))
const BookingsPage = lazy(() => import('./bookings/bookings-page.tsx').then(module => module.BookingsPage))
const TicketsPage = lazy(() => import('./tickets/tickets-page.tsx').then(module => module.TicketsPage))
const OperatorPage = lazy(() => import('./operator/operator-page.tsx').then(module => module.OperatorPage))

/** Other paths are the server's: API, documentation. */
const OURS = /^\/($|\?|e\/|checkout\/|t\/|my-bookings|operator)/

export function App({ shop }: { shop: Shop }) {
  const [path, setPath] = useState(location.pathname)
  useArrival(path)
  return (
    <ShopContext.Provider value={shop}>
      <LocationProvider scope={OURS}>
        <a class="skip" href="#main">
          Skip to the page
        </a>
        <Header path={path} />
        {shop.config.demo && <DemoBanner />}
        <main id="main" tabIndex={-1}>
          <Router onRouteChange={url => setPath(new URL(url, location.origin).pathname)}>
            <Route path="/" component={SearchPage} />
            <Route path="/e/:eventId" component={EventPage} />
            <Route path="/checkout/:bookingId" component={CheckoutPage} />
            <Route path="/t/:link" component={TicketsPage} />
            <Route path="/my-bookings" component={BookingsPage} />
            <Route path="/operator" component={OperatorPage} />
            <Route default component={NotFound} />
          </Router>
        </main>
        <Notices />
      </LocationProvider>
    </ShopContext.Provider>
  )
}

function Header({ path }: { path: string }) {
  const current = (here: boolean) => (here ? ({ 'aria-current': 'page' } as const) : {})
  return (
    <header class="top">
      <a class="brand" href="/" aria-label="Onsale, all events">
        <Wordmark />
      </a>
      <nav aria-label="Pages">
        <a href="/" {...current(path === '/')}>
          <SearchIcon /> Events
        </a>
        <a href="/my-bookings" {...current(path === '/my-bookings')}>
          <BookingsIcon /> My bookings
        </a>
      </nav>
    </header>
  )
}

function DemoBanner() {
  return (
    <p class="demo" role="note">
      <strong>Demo.</strong> No real money moves; no ticket lets anybody in.
    </p>
  )
}
