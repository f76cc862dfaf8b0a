package classify

import "math"

// newtonSteps is how often regress improves its coefficients: they no longer
// change then.
const newtonSteps = 15

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// likely is the probability that a logistic function gives to x.
func likely(w, x []float64) float64 {
	z := 0.0
	for i, v := range x {
		z += w[i] * v
	}
	return sigmoid(z)
}

// regress is a logistic regression with a ridge on each of its n coefficients,
// by Newton's method. each calls add with every row and whether it is right.
func regress(n int, ridge func(int) float64, each func(add func(x []float64, right bool))) []float64 {
	w := make([]float64, n)
	for range newtonSteps {
		gradient, hessian := make([]float64, n), make([][]float64, n)
		for i := range hessian {
			hessian[i] = make([]float64, n)
			hessian[i][i] = ridge(i)
			gradient[i] = -ridge(i) * w[i]
		}
		each(func(x []float64, right bool) { addNewton(gradient, hessian, w, x, right) })
		solve(hessian, gradient)
		for i, step := range gradient {
			w[i] += step
		}
	}
	return w
}

// addNewton adds one row to the gradient and the Hessian of the likelihood.
func addNewton(gradient []float64, hessian [][]float64, w, x []float64, right bool) {
	p, y := likely(w, x), truth(right)
	for i, v := range x {
		if v == 0 {
			continue
		}
		gradient[i] += (y - p) * v
		for j, u := range x {
			if u != 0 {
				hessian[i][j] += p * (1 - p) * v * u
			}
		}
	}
}

// solve solves a·x = b, a positive definite, in place; x is left in b.
func solve(a [][]float64, b []float64) {
	for i := range b {
		for r := i + 1; r < len(b); r++ {
			f := a[r][i] / a[i][i]
			for c := i; c < len(b); c++ {
				a[r][c] -= f * a[i][c]
			}
			b[r] -= f * b[i]
		}
	}
	for i := len(b) - 1; i >= 0; i-- {
		for c := i + 1; c < len(b); c++ {
			b[i] -= a[i][c] * b[c]
		}
		b[i] /= a[i][i]
	}
}
