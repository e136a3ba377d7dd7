/** The router's parts, by their own paths: its front door also loads a renderer for servers. */

export { default as lazy } from 'preact-iso/lazy'
export { LocationProvider, Route, Router, useLocation, useRoute } from 'preact-iso/router'
