/** The numbers from first to last. */
export function numbers(first, last) {
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
