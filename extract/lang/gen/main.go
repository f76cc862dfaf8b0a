//go:build ignore

// Gen makes ngrams.gz from the n-gram table of the npm package eld:
//
//	npm install eld@2.1.0
//	go run gen/main.go node_modules/eld/src
//
// The file is gzip over: a line of language codes, then the n-grams in byte
// order. Each n-gram is one byte of how many leading bytes it shares with the
// one before, one byte of how many follow, those bytes, one byte of how many
// languages know it, and for each of them its place in the line and its score.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// keep lists the languages of the table that stay: those in which the watched
// outlets publish, and those that they would be mistaken for.
const keep = "ar az be bg cs de el en es fa fr he hi hr hu hy it ja ka ko ms nl pl pt ro ru sr sv th tr uk ur vi zh"

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run gen/main.go node_modules/eld/src")
	}
	table, err := os.ReadFile(filepath.Join(os.Args[1], "ngrams", "large.js"))
	if err != nil {
		log.Fatal(err)
	}
	dictionary, err := os.ReadFile(filepath.Join(os.Args[1], "dictionary.js"))
	if err != nil {
		log.Fatal(err)
	}
	ngrams := filter(string(table), bytesOf(string(dictionary)))
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := z.Write(encode(ngrams)); err != nil {
		log.Fatal(err)
	}
	if err := z.Close(); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("ngrams.gz", out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d n-grams, %d bytes\n", len(ngrams), out.Len())
}

// bytesOf inverts ELD's dictionary, which writes each byte over 0x7f as one
// printable character.
func bytesOf(js string) map[rune]byte {
	_, js, _ = strings.Cut(js, "dictionary = [")
	entry := regexp.MustCompile(`'(\\?.)'`)
	inverse := map[rune]byte{}
	for i, m := range entry.FindAllStringSubmatch(js, -1) {
		c := []rune(m[1])
		if i >= 0x80 && c[len(c)-1] != ' ' {
			inverse[c[len(c)-1]] = byte(i)
		}
	}
	return inverse
}

// filter reads the table, undoes the dictionary and drops other languages.
func filter(js string, inverse map[rune]byte) map[string]map[byte]byte {
	place := map[string]byte{}
	for i, code := range strings.Fields(keep) {
		place[code] = byte(i)
	}
	_, head, _ := strings.Cut(js, "languages:{")
	head, _, _ = strings.Cut(head, "}")
	from := map[string]string{}
	for _, pair := range strings.Split(head, ",") {
		number, code, _ := strings.Cut(pair, ":")
		from[number] = strings.Trim(code, "'")
	}
	_, body, _ := strings.Cut(js, "ngrams:{")
	entry := regexp.MustCompile(`(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|([^'"{},:]+)):\{([0-9:,]*)\}`)
	ngrams := map[string]map[byte]byte{}
	for _, m := range entry.FindAllStringSubmatch(body, -1) {
		scores := map[byte]byte{}
		for _, pair := range strings.Split(m[4], ",") {
			number, score, _ := strings.Cut(pair, ":")
			n, err := strconv.Atoi(score)
			if err != nil || n < 0 || n > 255 {
				log.Fatalf("score of %q: %q", m[0], score)
			}
			if p, ok := place[from[number]]; ok {
				scores[p] = byte(n)
			}
		}
		if len(scores) == 0 {
			continue
		}
		key := strings.ReplaceAll(m[1]+m[2]+m[3], `\`, "")
		ngrams[undo(key, inverse)] = scores
	}
	return ngrams
}

func undo(key string, inverse map[rune]byte) string {
	var b []byte
	for _, c := range key {
		switch v, ok := inverse[c]; {
		case c == ' ' || c == '\'' || c == '`' || 'a' <= c && c <= 'z':
			b = append(b, byte(c))
		case ok:
			b = append(b, v)
		default:
			log.Fatalf("n-gram %q: %q is not in the dictionary", key, c)
		}
	}
	return string(b)
}

func encode(ngrams map[string]map[byte]byte) []byte {
	out := []byte(keep + "\n")
	last := ""
	for _, key := range slices.Sorted(maps.Keys(ngrams)) {
		shared := 0
		for shared < len(last) && shared < len(key) && last[shared] == key[shared] {
			shared++
		}
		out = append(out, byte(shared), byte(len(key)-shared))
		out = append(out, key[shared:]...)
		scores := ngrams[key]
		out = append(out, byte(len(scores)))
		for _, p := range slices.Sorted(maps.Keys(scores)) {
			out = append(out, p, scores[p])
		}
		last = key
	}
	return out
}
