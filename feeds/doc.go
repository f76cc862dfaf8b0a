// Package feeds knows the outlets and reads what they announce.
//
// It has three parts:
//
//   - The registry (Registry, Outlets, ReadOutlets): which outlets are watched,
//     read from outlets.yaml, and which outlet a host or an account belongs to.
//   - The adapters (Read, and behind it rss.go, sitemap.go and listpage.go): one
//     per wire format, each turning one answer of a server into a Reading.
//   - The schedule (Next, FeedHealth, Health): when a feed is polled again, and
//     how it is.
//
// Nothing here touches the network, a clock or a disk: Read gets a capture,
// Next gets the outcome of a poll, and both get the time. One poll is
//
//	capture (crawl) -> Read -> items (store counts the new ones) -> Next -> state (store)
//
// # How hostile input is held
//
// Every text is turned into UTF-8 first (package body). XML is scanned once
// before a parser sees it: DTDs are dropped, so that entities are never
// expanded; more than 256 nested elements are refused; items beyond the limit
// are cut off before anything is built from them; and a document that ends
// early, or is broken in one item, still gives the items that are whole.
package feeds
