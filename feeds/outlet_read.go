package feeds

// This file reads outlets from YAML and gives every mistake its place.

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"chorus/corpus"
	"chorus/internal/strictyaml"
)

// outletFile is the form of a file of outlets: one mapping with one key.
type outletFile struct {
	Outlets []corpus.Outlet `yaml:"outlets"`
}

// ReadOutlets reads a YAML file of outlets, a mapping with the key outlets,
// from r; name is what errors call it. It is strict: every unknown or repeated
// key, every value of the wrong form, and everything that CheckOutlet or
// NewRegistry would refuse is reported at once (see errors.Join), in the order
// of the file, each as a *strictyaml.Problem:
//
//	outlets.yaml:14:12: outlets[3].feeds[0].url: "htp://x" is not an http URL
func ReadOutlets(name string, r io.Reader) ([]corpus.Outlet, error) {
	var content outletFile
	file, err := strictyaml.Read(name, r, &content)
	problems, err := problemsOf(err)
	if err != nil {
		return nil, err
	}
	ill := map[string]bool{} // paths whose value could not be read
	for _, p := range problems {
		ill[p.Path] = true
	}
	report := func(i int, err error) {
		path := fmt.Sprintf("outlets[%d]", i)
		if field, ok := errors.AsType[*FieldError](err); ok {
			path, err = path+"."+field.Path, field.Err
		}
		if !ill[path] {
			problems = append(problems, file.Problem(path, "%v", err))
		}
	}
	for i, o := range content.Outlets {
		for _, err := range CheckOutlet(o) {
			report(i, err)
		}
	}
	for _, c := range clashes(content.Outlets) {
		report(c.outlet, c.err)
	}
	if len(content.Outlets) == 0 && len(problems) == 0 {
		problems = append(problems, file.Problem("", "no outlets"))
	}
	if len(problems) > 0 {
		return nil, joinProblems(problems)
	}
	return content.Outlets, nil
}

// problemsOf takes apart what strictyaml found; an error that is no problem of
// the file, so that nothing more can be said about it, is given back.
func problemsOf(err error) ([]*strictyaml.Problem, error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil, err
	}
	var problems []*strictyaml.Problem
	for _, e := range joined.Unwrap() {
		p, ok := errors.AsType[*strictyaml.Problem](e)
		if !ok {
			return nil, err
		}
		problems = append(problems, p)
	}
	return problems, nil
}

// joinProblems gives all problems as one error, in the order of the file.
func joinProblems(problems []*strictyaml.Problem) error {
	slices.SortStableFunc(problems, func(a, b *strictyaml.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}
