/* Products of matrices of doubles: turning a plane SIDE times by the same part
   of a circle must come back to where it began. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SIDE 12

typedef double matrix[SIDE][SIDE];

matrix turn, product, result;
static const double circle = 6.283185307179586;

static void multiply(matrix a, matrix b, matrix out)
{
    matrix sum;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            sum[i][j] = 0;
            for (int k = 0; k < SIDE; k++)
                sum[i][j] += a[i][k] * b[k][j];
        }
    }
    memcpy(out, sum, sizeof sum);
}

static void identity(matrix m)
{
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            m[i][j] = i == j;
}

int run(char *text, size_t size)
{
    double angle = circle / SIDE, off = 0, trace = 0;
    identity(turn);
    for (int i = 0; i + 1 < SIDE; i += 2) {
        turn[i][i] = turn[i + 1][i + 1] = cos(angle);
        turn[i][i + 1] = -sin(angle);
        turn[i + 1][i] = sin(angle);
    }
    identity(result);
    for (int i = 0; i < SIDE; i++) {
        multiply(result, turn, product);
        memcpy(result, product, sizeof result);
        trace += result[0][0] * result[0][0];
    }
    identity(product);
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            off += fabs(result[i][j] - product[i][j]);
    snprintf(text, size, "%d turns by %.3f degrees, squares of cosines %.3f",
             SIDE, 360.0 / SIDE, trace);
    return off < 1e-9 ? 0 : 1;
}
