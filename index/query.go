package index

// A Query is a parsed search. The kinds are And, Or, Not, Text, Field and All.
type Query interface {
	String() string // in the query language; parsing it again gives the same query
}
